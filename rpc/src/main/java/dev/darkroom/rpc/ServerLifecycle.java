// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import io.grpc.Server;
import io.micronaut.context.event.ShutdownEvent;
import io.micronaut.grpc.server.GrpcEmbeddedServer;
import io.micronaut.runtime.event.annotation.EventListener;
import io.micronaut.runtime.server.event.ServerShutdownEvent;
import io.micronaut.runtime.server.event.ServerStartupEvent;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ties readiness and draining to Micronaut's server. At shutdown: health says NOT_SERVING, no new calls, calls in
 * flight get {@link RpcConfiguration#drainTimeout}, the rest is cancelled,
 * and only when no thread works for a call any more do the beans (models, sessions) go away.
 */
@Singleton
final class ServerLifecycle {

    /** A cancelled call ends within one step; a step of a large model on a small machine takes seconds. */
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(30);

    private static final Logger LOG = LoggerFactory.getLogger(ServerLifecycle.class);

    private final RpcConfiguration configuration;
    private final Readiness readiness;
    private final InFlight inFlight;
    private final AtomicReference<@Nullable Server> running = new AtomicReference<>();

    ServerLifecycle(RpcConfiguration configuration, Readiness readiness, InFlight inFlight) {
        this.configuration = configuration;
        this.readiness = readiness;
        this.inFlight = inFlight;
    }

    @EventListener
    void started(ServerStartupEvent event) {
        if (event.getSource() instanceof GrpcEmbeddedServer grpc) {
            running.set(grpc.getServer());
            readiness.begin(grpc.getServer());
        }
    }

    @EventListener
    void stopping(ServerShutdownEvent event) {
        if (event.getSource() instanceof GrpcEmbeddedServer) {
            drain();
        }
    }

    /** The context may be closed without its server having been stopped. */
    @EventListener
    void stopping(ShutdownEvent event) {
        drain();
    }

    private void drain() {
        Server server = running.getAndSet(null);
        if (server == null) {
            return;
        }
        LOG.info("event=draining");
        readiness.end(STOP_TIMEOUT);
        server.shutdown();
        if (!inFlight.awaitIdle(configuration.drainTimeout())) {
            LOG.warn("event=drain_timeout");
        }
        // Also ends what watches the health.
        server.shutdownNow();
        if (!inFlight.awaitIdle(STOP_TIMEOUT)) {
            LOG.error("event=stop_timeout");
        }
        LOG.info("event=stopped");
    }
}
