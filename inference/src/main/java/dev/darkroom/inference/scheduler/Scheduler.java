// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

/** A sampler's configuration. Immutable and thread-safe; what belongs to one generation is in the {@link Schedule}. */
public interface Scheduler {
    /**
     * Lays the steps of one generation out.
     *
     * @throws IllegalArgumentException if {@code numInferenceSteps} is below 1 or above the steps the model was trained with, or if
     *     the configuration has no finite answer for one of the steps
     */
    Schedule schedule(int numInferenceSteps);
}
