// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

/**
 * Lane-seconds that one row of a kind takes, learned from the calls it was in: what a call took, divided by its rows and by the calls beside
 * it. So it falls when rows share calls, and predictions made of it fit the load of the moment. Read by any thread, written by one at a time.
 */
public final class RowCost {
    /** Weight of the newest call in the mean. */
    private static final double NEWEST = 0.3;

    private volatile double seconds;
    private volatile boolean measured;

    private RowCost(double seconds, boolean measured) {
        this.seconds = seconds;
        this.measured = measured;
    }

    /** A cost that the first call replaces. */
    public static RowCost guessed(double seconds) {
        return new RowCost(seconds, false);
    }

    static RowCost measured(double seconds) {
        return new RowCost(seconds, true);
    }

    void observe(double secondsPerRow) {
        seconds = measured ? seconds + NEWEST * (secondsPerRow - seconds) : secondsPerRow;
        measured = true;
    }

    double seconds() {
        return seconds;
    }

    boolean isMeasured() {
        return measured;
    }
}
