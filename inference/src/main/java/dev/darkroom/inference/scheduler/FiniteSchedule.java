// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;

/** Finds out before any work whether a configuration divides by zero at one of its steps. */
final class FiniteSchedule {
    private FiniteSchedule() {}

    /**
     * Walks a single number through all steps.
     *
     * @throws IllegalArgumentException naming the first step without a finite answer
     */
    static Schedule require(Schedule schedule) {
        Tensor latents = number(1);
        History history = History.EMPTY;
        for (int step = 0; step < schedule.length(); step++) {
            SchedulerOutput output =
                    schedule.step(number(0.3f + 0.1f * (step % 3)), latents, step, history, () -> number(1));
            latents = output.prevSample();
            history = output.history();
            if (!latents.isFinite()) {
                throw new IllegalArgumentException(
                        "this scheduler's options have no finite answer for step " + (step + 1) + " of "
                                + schedule.length() + ": two steps at one noise level, or a noise level out of range");
            }
        }
        return schedule;
    }

    private static Tensor number(float value) {
        return Tensor.of(new float[] {value}, 1, 1, 1, 1);
    }
}
