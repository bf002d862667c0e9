// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.tensor.Tensor;

/** Predicts the end of a loop from the time its steps took. Not thread-safe. */
final class StepClock {
    private final int steps;
    private final long startNanos = System.nanoTime();

    StepClock(int steps) {
        this.steps = steps;
    }

    /** Returns the event of a step, from 1, that left {@code latents}. */
    GenerationEvent.StepCompleted completed(int step, Tensor latents) {
        long elapsed = System.nanoTime() - startNanos;
        // Decoding and encoding take about as long as one step more.
        long remaining = elapsed / step * (steps - step + 1);
        return new GenerationEvent.StepCompleted(step, steps, remaining / 1_000_000, latents);
    }
}
