// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import io.grpc.BindableService;
import io.grpc.ClientInterceptor;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.micronaut.grpc.server.health.HealthStatusManagerContainer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;

/** A service within the whole chain, without a socket. */
final class TestingServer implements AutoCloseable {

    private final ServerChain chain;
    private final InFlight inFlight = new InFlight();
    private final Server server;
    private final ManagedChannel channel;

    TestingServer(BindableService service, RpcConfiguration configuration, ClientInterceptor... interceptors) {
        this(
                service,
                configuration,
                new BackendCredential(new BackendCredential.Configuration(null, null)),
                interceptors);
    }

    TestingServer(
            BindableService service,
            RpcConfiguration configuration,
            BackendCredential credential,
            ClientInterceptor... interceptors) {
        String name = InProcessServerBuilder.generateName();
        InProcessServerBuilder builder = InProcessServerBuilder.forName(name).addService(service);
        Preparation nothing = () -> {};
        Readiness readiness = new Readiness(
                new HealthStatusManagerContainer(new HealthStatusManager()), configuration, () -> nothing);
        chain = new ServerChain(configuration, credential, readiness, inFlight, "127.0.0.1");
        chain.install(builder);
        try {
            server = builder.build().start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        readiness.begin(server);
        readiness.await(Duration.ofSeconds(10));
        channel = InProcessChannelBuilder.forName(name).intercept(interceptors).build();
    }

    static RpcConfiguration configuration() {
        return withDeadlines(Duration.ofMinutes(10), Duration.ofHours(1));
    }

    static RpcConfiguration withDeadlines(Duration defaultDeadline, Duration maxDeadline) {
        return new RpcConfiguration(
                RpcConfiguration.Callers.GATEWAY,
                defaultDeadline,
                maxDeadline,
                Duration.ofMillis(200),
                4_194_304,
                16_384,
                Duration.ofSeconds(30),
                Duration.ofSeconds(2));
    }

    ManagedChannel channel() {
        return channel;
    }

    InFlight inFlight() {
        return inFlight;
    }

    @Override
    public void close() {
        channel.shutdownNow();
        server.shutdownNow();
        chain.close();
    }
}
