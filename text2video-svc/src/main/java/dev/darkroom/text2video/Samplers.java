// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import dev.darkroom.inference.scheduler.Schedule;
import dev.darkroom.inference.scheduler.SchedulerConfig;
import dev.darkroom.inference.scheduler.SchedulerType;
import dev.darkroom.rpc.Violations;

/** Finds the sampler of a request and whether it can do what is asked. */
final class Samplers {
    private static final String FIELD = "parameters.scheduler";

    private Samplers() {}

    /** Returns the sampler of that name, or the folder's own for an empty one; any one where there is a violation. */
    static SchedulerType named(String label, SchedulerConfig config, Violations violations) {
        try {
            return label.isEmpty() ? SchedulerType.of(config) : SchedulerType.ofLabel(label, config);
        } catch (IllegalArgumentException e) {
            String known = "one of " + String.join(", ", SchedulerType.labels(config));
            violations.add(FIELD, label.isEmpty() ? known + " (the model's own is not available)" : known, label);
            return SchedulerType.DDIM;
        }
    }

    /** A sampler may refuse the folder's options, or a number of steps within every general limit; a graph may take whole timesteps only. */
    static void check(VideoRequest request, TextToVideoPipeline pipeline, Violations violations) {
        try {
            Schedule schedule = request.schedule(pipeline);
            if (pipeline.networks().network().takesWholeTimesteps()) {
                requireWhole(schedule);
            }
        } catch (IllegalArgumentException e) {
            String limit = "a sampler that this model's options and the number of steps fit (" + e.getMessage() + ")";
            violations.add(FIELD, limit, request.scheduler().label());
        }
    }

    private static void requireWhole(Schedule schedule) {
        for (int step = 0; step < schedule.length(); step++) {
            if (schedule.timestep(step) != Math.rint(schedule.timestep(step))) {
                throw new IllegalArgumentException(
                        "the model's graph takes whole timesteps, step " + step + " is at " + schedule.timestep(step));
            }
        }
    }
}
