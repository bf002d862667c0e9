// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import io.grpc.Metadata;
import io.grpc.ServerBuilder;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.micronaut.context.annotation.Property;
import io.micronaut.context.event.BeanCreatedEvent;
import io.micronaut.context.event.BeanCreatedEventListener;
import io.micronaut.context.exceptions.ConfigurationException;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What surrounds every call of a server, outermost first: trace and log line, statuses, credential, readiness,
 * deadline, then the service's own interceptors. Calls run on virtual threads.
 *
 * <p>Micronaut's server gets it by itself; a server built by hand calls {@link #install}.
 */
@Singleton
public final class ServerChain implements BeanCreatedEventListener<ServerBuilder<?>> {

    private final RpcConfiguration configuration;
    private final BackendCredential credential;
    private final Readiness readiness;
    private final InFlight inFlight;
    private final @Nullable String host;
    private final ExecutorService executor = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("rpc-", 0).factory());
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("rpc-deadlines").factory());

    ServerChain(
            RpcConfiguration configuration,
            BackendCredential credential,
            Readiness readiness,
            InFlight inFlight,
            @Property(name = "grpc.server.host") @Nullable String host) {
        this.configuration = configuration;
        this.credential = credential;
        this.readiness = readiness;
        this.inFlight = inFlight;
        this.host = host;
    }

    @Override
    public ServerBuilder<?> onCreated(BeanCreatedEvent<ServerBuilder<?>> event) {
        refuseOpenBackend();
        // A gateway pings every 30 s to find dead links; gRPC takes less than 5 min for abuse unless told otherwise.
        ServerBuilder<?> server =
                event.getBean().permitKeepAliveTime(20, TimeUnit.SECONDS).permitKeepAliveWithoutCalls(true);
        install(server);
        return server;
    }

    /** Adds limits, executor and interceptors to a server; call it after the service's own interceptors were added. */
    public void install(ServerBuilder<?> server) {
        server.executor(executor)
                .maxInboundMessageSize(configuration.maxInboundMessageSize())
                .maxInboundMetadataSize(configuration.maxInboundMetadataSize());
        server.addStreamTracerFactory(inFlight);
        // gRPC runs the interceptor that was added last first.
        server.intercept(exceptPlumbing(new DeadlineInterceptor(configuration, timer)));
        server.intercept(exceptPlumbing(readiness.interceptor()));
        if (configuration.callers() == RpcConfiguration.Callers.GATEWAY) {
            server.intercept(exceptPlumbing(new CredentialInterceptor(credential)));
        }
        server.intercept(new StatusInterceptor());
        server.intercept(exceptPlumbing(new ScopeInterceptor(inFlight)));
    }

    private void refuseOpenBackend() {
        if (configuration.callers() == RpcConfiguration.Callers.GATEWAY
                && !credential.isPresent()
                && !isLoopback(host)) {
            throw new ConfigurationException(
                    "This service listens beyond this machine (grpc.server.host=" + (host == null ? "" : host)
                            + ") without a credential: set darkroom.backend-token (DARKROOM_BACKEND_TOKEN or DARKROOM_BACKEND_TOKEN_FILE), or listen on 127.0.0.1");
        }
    }

    private static boolean isLoopback(@Nullable String host) {
        try {
            return host != null
                    && !host.isBlank()
                    && InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException _) {
            return false;
        }
    }

    /** Health and reflection answer everybody at any time and are neither logged nor waited for. */
    private static ServerInterceptor exceptPlumbing(ServerInterceptor interceptor) {
        return new ServerInterceptor() {
            @Override
            public <Q, R> ServerCall.Listener<Q> interceptCall(
                    ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
                return isPlumbing(call.getMethodDescriptor().getFullMethodName())
                        ? next.startCall(call, headers)
                        : interceptor.interceptCall(call, headers, next);
            }
        };
    }

    /** Whether a method is one of health or reflection, by its full name. */
    public static boolean isPlumbing(String fullMethodName) {
        return fullMethodName.startsWith("grpc.health.") || fullMethodName.startsWith("grpc.reflection.");
    }

    @PreDestroy
    void close() {
        timer.shutdownNow();
        executor.shutdown();
    }
}
