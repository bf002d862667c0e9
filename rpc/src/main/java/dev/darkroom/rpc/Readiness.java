// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import io.micronaut.context.BeanProvider;
import io.micronaut.grpc.server.health.HealthStatusManagerContainer;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the service serves: health says NOT_SERVING, for the server ("") and for each of its services, until every
 * {@link Preparation} has returned, and again, for good, from the first
 * moment of the shutdown. Thread-safe.
 */
@Singleton
public final class Readiness {

    private static final Logger LOG = LoggerFactory.getLogger(Readiness.class);

    private final HealthStatusManager health;
    private final RpcConfiguration configuration;
    private final BeanProvider<Preparation> preparations;
    private final CompletableFuture<Void> prepared = new CompletableFuture<>();
    private volatile boolean ready;
    private volatile boolean ending;
    private volatile @Nullable Thread preparing;

    Readiness(
            HealthStatusManagerContainer health,
            RpcConfiguration configuration,
            BeanProvider<Preparation> preparations) {
        this.health = health.getHealthStatusManager();
        this.configuration = configuration;
        this.preparations = preparations;
        this.health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, ServingStatus.NOT_SERVING);
    }

    /** Whether requests are served now. */
    public boolean isReady() {
        return ready;
    }

    /** Whether the shutdown has begun: work that can be handed over is to be, the rest has the drain timeout. */
    public boolean isEnding() {
        return ending;
    }

    /** Waits until the service serves; throws when it could not be prepared or the time is over. */
    public void await(Duration atMost) {
        try {
            prepared.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw new IllegalStateException("The service could not be prepared", e.getCause());
        } catch (TimeoutException e) {
            throw new IllegalStateException("The service was not ready within " + atMost, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while waiting for the service", e);
        }
    }

    /** Waits until the service serves; false when it could not be prepared. */
    boolean await() throws InterruptedException {
        try {
            prepared.get();
            return true;
        } catch (ExecutionException _) {
            return false;
        }
    }

    void begin(Server server) {
        setAll(server, ServingStatus.NOT_SERVING);
        int port = server.getPort();
        preparing = Thread.ofPlatform().daemon().name("preparation").start(() -> prepare(server, port));
    }

    /**
     * Says NOT_SERVING for good, and waits for preparations that have not returned: they use beans that go away next.
     */
    void end(Duration atMost) {
        ending = true;
        health.enterTerminalState();
        Thread preparation = preparing;
        if (preparation == null) {
            return;
        }
        preparation.interrupt();
        try {
            preparation.join(atMost);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void prepare(Server server, int port) {
        try {
            for (Preparation preparation : preparations) {
                preparation.prepare();
            }
            // Calls are let in before anybody can be told SERVING, and who awaits this finds both done.
            ready = true;
            setAll(server, ServingStatus.SERVING);
            prepared.complete(null);
            LOG.info("event=serving port={}", port);
        } catch (InterruptedException e) {
            LOG.info("event=preparation_stopped");
            prepared.completeExceptionally(e);
        } catch (Exception | Error e) {
            LOG.error("event=preparation_failed", e);
            prepared.completeExceptionally(e);
        }
    }

    private void setAll(Server server, ServingStatus status) {
        for (ServerServiceDefinition service : server.getServices()) {
            health.setStatus(service.getServiceDescriptor().getName(), status);
        }
        health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, status);
    }

    ServerInterceptor interceptor() {
        return new ServerInterceptor() {
            @Override
            public <Q, R> ServerCall.Listener<Q> interceptCall(
                    ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
                if (!isReady()) {
                    throw new Fault.Unavailable(
                            "NOT_READY", "The service is still loading", configuration.loadingRetryAfter());
                }
                return next.startCall(call, headers);
            }
        };
    }
}
