// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

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

    /** A sampler may refuse the folder's options, a number of steps within every general limit, or the part of them that is to be made. */
    static void check(GenerationRequest request, Pipeline pipeline, Violations violations) {
        check(request.scheduler(), violations, () -> {
            Schedule schedule = request.schedule(pipeline);
            if (pipeline.diffusion().networks().network().takesWholeTimesteps()) {
                requireWhole(schedule);
            }
        });
    }

    /** As {@link #check(GenerationRequest, Pipeline, Violations)}, for an upscaling. */
    static void check(SchedulerType scheduler, int numInferenceSteps, SchedulerConfig config, Violations violations) {
        check(scheduler, violations, () -> {
            var _ = scheduler.create(config, 0).schedule(numInferenceSteps);
        });
    }

    private static void check(SchedulerType scheduler, Violations violations, Runnable attempt) {
        try {
            attempt.run();
        } catch (IllegalArgumentException e) {
            String limit = "a sampler that this model's options and the number of steps fit (" + e.getMessage() + ")";
            violations.add(FIELD, limit, scheduler.label());
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
