// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.media.v1.StageTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** How long the parts of one request take; those of one name are added up. One request, one thread. */
final class StageClock {
    private final LongSupplier nanoTime;
    private final Map<String, Long> nanos = new LinkedHashMap<>(); // in the order in which they first began
    private @Nullable String running;
    private long since;

    /** @param nanoTime as {@link System#nanoTime} */
    StageClock(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** Begins a stage, which ends the one before. */
    void start(String stage) {
        stop();
        nanos.putIfAbsent(stage, 0L);
        running = stage;
        since = nanoTime.getAsLong();
    }

    /** Ends the stage that runs; what follows, such as a slow caller's reading, is nobody's time. */
    void stop() {
        if (running != null) {
            nanos.merge(running, nanoTime.getAsLong() - since, Long::sum);
            running = null;
        }
    }

    /** Returns the time of each stage until now. */
    List<StageTime> times() {
        stop();
        return nanos.entrySet().stream()
                .map(stage -> StageTime.newBuilder()
                        .setStage(stage.getKey())
                        .setMillis(TimeUnit.NANOSECONDS.toMillis(stage.getValue()))
                        .build())
                .toList();
    }
}
