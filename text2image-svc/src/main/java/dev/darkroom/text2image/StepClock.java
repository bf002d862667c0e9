// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

/** Predicts the end of a loop from the time its steps took. Immutable. */
final class StepClock {
    private final long startNanos = System.nanoTime();

    /** Returns the predicted time from a step, counted from 1, to the end, in milliseconds. */
    long etaMillis(int step, int numInferenceSteps) {
        long elapsed = System.nanoTime() - startNanos;
        // Decoding and encoding take about as long as one step more.
        return elapsed / step * (numInferenceSteps - step + 1) / 1_000_000;
    }
}
