// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.artifact;

import io.micronaut.context.annotation.Context;
import jakarta.annotation.PreDestroy;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Deletes, again and again, artifacts that expired and bytes that nobody names. */
@Context
final class Sweeper {
    private static final Logger LOG = LoggerFactory.getLogger(Sweeper.class);

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("artifact-sweeper").factory());

    Sweeper(ArtifactStore store, ArtifactConfiguration configuration) {
        long millis = configuration.sweepInterval().toMillis();
        var _ = timer.scheduleWithFixedDelay(() -> sweep(store), millis, millis, TimeUnit.MILLISECONDS);
    }

    private static void sweep(ArtifactStore store) {
        try {
            store.sweep();
        } catch (RuntimeException e) {
            LOG.warn("event=artifact_sweep_failed", e); // the next round tries again
        }
    }

    @PreDestroy
    void close() {
        timer.shutdownNow();
    }
}
