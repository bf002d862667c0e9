// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

/** Predicts the end of a loop from the time its steps took. Immutable. */
final class StepClock {
    private final long startNanos = System.nanoTime();

    /**
     * Returns the predicted time to the end, in milliseconds.
     *
     * @param made steps since the clock was started, at least 1
     * @param left steps to come
     */
    long etaMillis(int made, int left) {
        long elapsed = System.nanoTime() - startNanos;
        // Decoding and encoding take about as long as one step more.
        return elapsed / made * (left + 1) / 1_000_000;
    }
}
