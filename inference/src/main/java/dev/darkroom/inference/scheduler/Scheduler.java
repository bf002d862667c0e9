// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

/** A sampler's configuration. Immutable and thread-safe; what belongs to one generation is in the {@link Schedule}. */
public interface Scheduler {
    /**
     * Lays the steps of one generation out.
     *
     * @throws IllegalArgumentException if the sampler does not take such a plan, if there is less than 1 step or more than the steps the
     *     model was trained with, or if the configuration has no finite answer for one of the steps
     */
    Schedule schedule(StepPlan plan);

    /** Lays {@code numInferenceSteps} steps out as the configuration spreads them. */
    default Schedule schedule(int numInferenceSteps) {
        return schedule(new StepPlan.Count(numInferenceSteps));
    }

    /**
     * Returns this sampler with its noise levels shifted for a picture's size, as {@code use_dynamic_shifting} asks for; itself where the
     * configuration does not.
     *
     * @param mu logarithm of the shift (Esser et al. 2024, arXiv:2403.03206, section 5.3.2)
     */
    default Scheduler shifted(double mu) {
        return this;
    }
}
