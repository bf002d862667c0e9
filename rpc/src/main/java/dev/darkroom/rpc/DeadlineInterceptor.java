// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Deadline;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Gives a call the default deadline where it brought none, and the longest allowed one where it asked for more. The
 * call ends at that moment even if its work does not look.
 */
final class DeadlineInterceptor implements ServerInterceptor {

    private final RpcConfiguration configuration;
    private final ScheduledExecutorService timer;

    DeadlineInterceptor(RpcConfiguration configuration, ScheduledExecutorService timer) {
        this.configuration = configuration;
        this.timer = timer;
    }

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        Deadline asked = Context.current().getDeadline();
        Duration allowed = asked == null ? configuration.defaultDeadline() : configuration.maxDeadline();
        if (asked != null && asked.timeRemaining(TimeUnit.NANOSECONDS) <= allowed.toNanos()) {
            return next.startCall(call, headers);
        }
        Context.CancellableContext context =
                Context.current().withDeadlineAfter(allowed.toNanos(), TimeUnit.NANOSECONDS, timer);
        context.addListener(_ -> closeIfExpired(context, call), Runnable::run);
        return new ReleasingListener<>(Contexts.interceptCall(context, call, headers, next), context);
    }

    private static void closeIfExpired(Context context, ServerCall<?, ?> call) {
        if (context.cancellationCause() instanceof TimeoutException) {
            StatusRuntimeException expired = StatusMapper.cancelled(context);
            Metadata trailers = expired.getTrailers();
            call.close(expired.getStatus(), trailers == null ? new Metadata() : trailers);
        }
    }

    private static final class ReleasingListener<Q> extends SimpleForwardingServerCallListener<Q> {
        private final Context.CancellableContext context;

        ReleasingListener(ServerCall.Listener<Q> listener, Context.CancellableContext context) {
            super(listener);
            this.context = context;
        }

        @Override
        public void onComplete() {
            try {
                super.onComplete();
            } finally {
                context.cancel(null);
            }
        }

        @Override
        public void onCancel() {
            try {
                super.onCancel();
            } finally {
                context.cancel(null);
            }
        }
    }
}
