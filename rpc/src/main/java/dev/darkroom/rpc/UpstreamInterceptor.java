// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Hands trace, credential and remaining time on to the next service. */
final class UpstreamInterceptor implements ClientInterceptor {

    private final BackendCredential credential;
    private final Duration margin;

    UpstreamInterceptor(BackendCredential credential, Duration margin) {
        this.credential = credential;
        this.margin = margin;
    }

    @Override
    public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
        Trace trace = Trace.current().child();
        return new SimpleForwardingClientCall<>(next.newCall(method, shrink(options))) {
            @Override
            public void start(Listener<R> listener, Metadata headers) {
                headers.put(Trace.TRACEPARENT, trace.traceparent());
                credential.attach(headers);
                super.start(listener, headers);
            }
        };
    }

    private CallOptions shrink(CallOptions options) {
        Deadline earliest = earliest(options.getDeadline(), Context.current().getDeadline());
        if (earliest == null) {
            return options;
        }
        long left = earliest.timeRemaining(TimeUnit.NANOSECONDS);
        // At most a tenth, so that a short call keeps most of its time.
        return options.withDeadline(
                earliest.offset(-Math.clamp(margin.toNanos(), 0, Math.max(0, left / 10)), TimeUnit.NANOSECONDS));
    }

    private static @Nullable Deadline earliest(@Nullable Deadline one, @Nullable Deadline other) {
        if (one == null || other == null) {
            return one == null ? other : one;
        }
        return one.minimum(other);
    }
}
