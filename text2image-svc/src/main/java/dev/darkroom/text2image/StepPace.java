// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import java.util.function.LongSupplier;

/**
 * Chooses the steps that a caller is told of: the first, the last, and of those between one in 50 ms. Nobody reads faster, and each event takes a
 * core from the network for a moment. Not thread-safe.
 */
final class StepPace {
    private static final long INTERVAL_NANOS = 50_000_000;

    private final LongSupplier nanoTime;
    private long lastNanos;

    StepPace(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** Whether to tell that a step, from 1, has ended. */
    boolean tells(int step, int numInferenceSteps) {
        long now = nanoTime.getAsLong();
        boolean told = step == 1 || step == numInferenceSteps || now - lastNanos >= INTERVAL_NANOS;
        lastNanos = told ? now : lastNanos;
        return told;
    }
}
