// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Map;

/** Maps what a call throws, and lets a call end exactly once, from whichever thread. */
final class StatusInterceptor implements ServerInterceptor {

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        GuardedCall<Q, R> guarded = new GuardedCall<>(call);
        try {
            return new MappingListener<>(next.startCall(guarded, headers), guarded);
        } catch (RuntimeException | Error e) {
            guarded.fail(e);
            return new ServerCall.Listener<>() {};
        }
    }

    private static final class GuardedCall<Q, R> extends SimpleForwardingServerCall<Q, R> {
        private boolean closed;

        GuardedCall(ServerCall<Q, R> call) {
            super(call);
        }

        @Override
        public synchronized void sendHeaders(Metadata headers) {
            if (!closed) {
                super.sendHeaders(headers);
            }
        }

        @Override
        public synchronized void sendMessage(R message) {
            if (!closed) {
                super.sendMessage(message);
            }
        }

        @Override
        public synchronized void close(Status status, Metadata trailers) {
            if (!closed) {
                closed = true;
                super.close(status, StatusMapper.complete(status, trailers));
            }
        }

        void fail(Throwable thrown) {
            StatusRuntimeException e = StatusMapper.toStatus(thrown);
            Metadata trailers = e.getTrailers();
            close(e.getStatus(), trailers == null ? new Metadata() : trailers);
        }
    }

    private static final class MappingListener<Q> extends SimpleForwardingServerCallListener<Q> {
        private final GuardedCall<Q, ?> call;

        MappingListener(ServerCall.Listener<Q> listener, GuardedCall<Q, ?> call) {
            super(listener);
            this.call = call;
        }

        @Override
        public void onMessage(Q message) {
            guard(() -> parsed(message));
        }

        @Override
        public void onHalfClose() {
            guard(super::onHalfClose);
        }

        @Override
        public void onReady() {
            guard(super::onReady);
        }

        /** The message is parsed on the way, see {@link LateParsing}. */
        private void parsed(Q message) {
            try {
                super.onMessage(message);
            } catch (StatusRuntimeException e) {
                if (e.getCause() instanceof InvalidProtocolBufferException) {
                    throw new Fault.Refused(
                            "REQUEST_MALFORMED",
                            "The bytes of the request are no message of this method, or hold text that is not UTF-8",
                            Map.of());
                }
                throw e;
            }
        }

        private void guard(Runnable event) {
            try {
                event.run();
            } catch (RuntimeException | Error e) {
                call.fail(e);
            }
        }
    }
}
