// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import dev.darkroom.media.v1.StageTime;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** Tells of the stages of one request as they begin and go on, with what is left of all of them. Used by one thread. */
final class CascadeClock {
    private final VideoRequest request;
    private final Pace pace;
    private final EventWriter events;
    private final Map<Stage, Integer> of = new EnumMap<>(Stage.class);
    private final Map<Stage, Integer> done = new EnumMap<>(Stage.class);
    private final Map<Stage, Long> nanos = new EnumMap<>(Stage.class);
    private final Set<Stage> begun = EnumSet.noneOf(Stage.class);

    /** @param steps denoising steps of the base frames */
    CascadeClock(VideoRequest request, int steps, Pace pace, EventWriter events) {
        this.request = request;
        this.pace = pace;
        this.events = events;
        of.put(Stage.BASE_FRAMES, steps);
        of.put(Stage.SPATIAL_SUPER_RESOLUTION, request.spatialFactor() > 1 ? request.numFrames() : 0);
        of.put(Stage.TEMPORAL_SUPER_RESOLUTION, request.finalNumFrames() - request.numFrames());
        of.put(Stage.ENCODING, request.finalNumFrames());
    }

    /** Tells that a stage begins, unless it was told before. */
    void begin(Stage stage) {
        if (begun.add(stage)) {
            events.stage(stage);
        }
    }

    /** Does a part of a stage's work. */
    <T> T time(Stage stage, Supplier<T> work) {
        begin(stage);
        long start = System.nanoTime();
        try {
            return work.get();
        } finally {
            nanos.merge(stage, System.nanoTime() - start, Long::sum);
        }
    }

    /** Adds time that a stage took, not timed by {@link #time}. */
    void add(Stage stage, long elapsed) {
        nanos.merge(stage, elapsed, Long::sum);
    }

    /** Tells that one more step or frame of a stage is done. */
    void completed(Stage stage) {
        int count = done.merge(stage, 1, Integer::sum);
        if (count == of.getOrDefault(stage, 0)) {
            pace.learn(stage, request, secondsPerUnit(stage));
        }
        events.progress(stage, count, of.getOrDefault(stage, 0), etaMillis());
    }

    private long etaMillis() {
        double left = 0;
        for (Map.Entry<Stage, Integer> stage : of.entrySet()) {
            left += (stage.getValue() - done.getOrDefault(stage.getKey(), 0)) * secondsPerUnit(stage.getKey());
        }
        return Math.round(1000 * left);
    }

    private double secondsPerUnit(Stage stage) {
        int count = done.getOrDefault(stage, 0);
        return count == 0 ? pace.secondsPerUnit(stage, request) : nanos.getOrDefault(stage, 0L) / 1e9 / count;
    }

    /** Returns how long each stage worked that began. */
    List<StageTime> times() {
        return begun.stream()
                .map(stage -> StageTime.newBuilder()
                        .setStage(stage.label())
                        .setMillis(nanos.getOrDefault(stage, 0L) / 1_000_000)
                        .build())
                .toList();
    }
}
