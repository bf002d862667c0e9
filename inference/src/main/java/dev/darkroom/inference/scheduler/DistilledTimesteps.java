// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import java.util.stream.IntStream;

/**
 * The steps that a consistency model was distilled to, and the few of them that a generation takes: section 4.3 of Luo et al. 2023
 * (arXiv:2310.04378).
 *
 * @param originalSteps steps of the distillation
 */
record DistilledTimesteps(int trainSteps, int originalSteps) {
    static DistilledTimesteps of(SchedulerConfig config) {
        int original = config.integer("original_inference_steps", 50);
        if (original < 1 || original > config.numTrainTimesteps()) {
            throw new IllegalArgumentException("scheduler option original_inference_steps is " + original
                    + ", allowed are 1 to " + config.numTrainTimesteps());
        }
        return new DistilledTimesteps(config.numTrainTimesteps(), original);
    }

    /** Returns the timesteps of a generation, falling. */
    int[] timesteps(StepPlan plan, SchedulerType sampler) {
        return switch (plan) {
            case StepPlan.Count(int steps) -> spread(steps, originalSteps);
            case StepPlan.Partial(int steps, double strength) ->
                spread(steps, (int) (originalSteps * requireStrength(strength)));
            case StepPlan.Timesteps custom -> custom.whole(trainSteps);
            case StepPlan.Sigmas _ -> throw plan.notWith(sampler);
        };
    }

    private static double requireStrength(double strength) {
        if (!(strength > 0 && strength <= 1)) {
            throw new IllegalArgumentException("strength is " + strength + ", allowed are above 0 to 1");
        }
        return strength;
    }

    private int[] spread(int steps, int available) {
        if (steps < 1 || steps > available) {
            throw new IllegalArgumentException("num_inference_steps is " + steps + ", allowed are 1 to " + available
                    + " of the model's " + originalSteps + " original_inference_steps");
        }
        int ratio = trainSteps / originalSteps;
        double skip = (double) available / steps;
        return IntStream.range(0, steps)
                .map(i -> (available - (int) Math.floor(i * skip)) * ratio - 1)
                .toArray();
    }
}
