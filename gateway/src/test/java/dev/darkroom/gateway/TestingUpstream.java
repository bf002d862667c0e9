// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import dev.darkroom.rpc.StatusMapper;
import io.grpc.BindableService;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.StatusProto;
import io.grpc.protobuf.services.HealthStatusManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;

/** A service on a loopback port, with health, that keeps the headers of its calls. */
final class TestingUpstream implements AutoCloseable {
    /** Headers of every call but health checks, in the order of their arrival. */
    final Queue<Metadata> headers = new ConcurrentLinkedQueue<>();

    private static final int MAX_MESSAGE_BYTES = 65 << 20;

    private final HealthStatusManager health = new HealthStatusManager();
    private final Server server;

    TestingUpstream(BindableService service) {
        this(service, InsecureServerCredentials.create());
    }

    TestingUpstream(BindableService service, ServerCredentials credentials) {
        server = Grpc.newServerBuilderForPort(0, credentials)
                .addService(service)
                .addService(health.getHealthService())
                .intercept(new HeaderKeeper())
                .maxInboundMessageSize(MAX_MESSAGE_BYTES)
                .build();
        try {
            server.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String address() {
        return "localhost:" + server.getPort();
    }

    void serving(boolean serving) {
        health.setStatus("", serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
    }

    /** Dies: connections break, running calls too. */
    @Override
    public void close() {
        server.shutdownNow();
    }

    /** An error as every Darkroom service sends it. */
    static StatusRuntimeException failure(Status.Code code, String message, String reason, Message... details) {
        ErrorInfo info = ErrorInfo.newBuilder()
                .setDomain(StatusMapper.DOMAIN)
                .setReason(reason)
                .build();
        com.google.rpc.Status.Builder status = com.google.rpc.Status.newBuilder()
                .setCode(code.value())
                .setMessage(message)
                .addDetails(Any.pack(info));
        Stream.of(details).map(Any::pack).forEach(status::addDetails);
        return StatusProto.toStatusRuntimeException(status.build());
    }

    private final class HeaderKeeper implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata callHeaders, ServerCallHandler<Q, A> next) {
            if (!call.getMethodDescriptor().getFullMethodName().startsWith("grpc.health")) {
                headers.add(callHeaders);
            }
            return next.startCall(call, callHeaders);
        }
    }
}
