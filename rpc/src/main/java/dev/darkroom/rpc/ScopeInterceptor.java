// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.MDC;

/** Gives each call its trace and its scope, and the caller the trace id. */
final class ScopeInterceptor implements ServerInterceptor {

    private final InFlight inFlight;

    ScopeInterceptor(InFlight inFlight) {
        this.inFlight = inFlight;
    }

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        Trace trace = Trace.parse(headers.get(Trace.TRACEPARENT));
        CallScope scope = new CallScope(call.getMethodDescriptor().getFullMethodName(), trace, inFlight);
        Context context = Context.current().withValues(Trace.KEY, trace, CallScope.KEY, scope);
        try (MDC.MDCCloseable _ = MDC.putCloseable(Trace.MDC_KEY, trace.traceId())) {
            return new ScopedListener<>(
                    Contexts.interceptCall(context, new TracedCall<>(call, trace, scope), headers, next), trace, scope);
        }
    }

    private static final class TracedCall<Q, R> extends SimpleForwardingServerCall<Q, R> {
        private final Trace trace;
        private final CallScope scope;

        TracedCall(ServerCall<Q, R> call, Trace trace, CallScope scope) {
            super(call);
            this.trace = trace;
            this.scope = scope;
        }

        @Override
        public void sendHeaders(Metadata headers) {
            headers.put(Trace.TRACE_ID, trace.traceId());
            super.sendHeaders(headers);
        }

        @Override
        public void close(Status status, Metadata trailers) {
            scope.closedWith(status.getCode());
            trailers.put(Trace.TRACE_ID, trace.traceId());
            super.close(status, trailers);
        }
    }

    private static final class ScopedListener<Q> extends SimpleForwardingServerCallListener<Q> {
        private final Trace trace;
        private final CallScope scope;
        private final AtomicBoolean ended = new AtomicBoolean();

        ScopedListener(ServerCall.Listener<Q> listener, Trace trace, CallScope scope) {
            super(listener);
            this.trace = trace;
            this.scope = scope;
        }

        @Override
        public void onHalfClose() {
            try (MDC.MDCCloseable _ = MDC.putCloseable(Trace.MDC_KEY, trace.traceId())) {
                super.onHalfClose();
            }
        }

        @Override
        public void onComplete() {
            end(super::onComplete);
        }

        @Override
        public void onCancel() {
            end(super::onCancel);
        }

        private void end(Runnable event) {
            try {
                event.run();
            } finally {
                if (ended.compareAndSet(false, true)) {
                    scope.release();
                }
            }
        }
    }
}
