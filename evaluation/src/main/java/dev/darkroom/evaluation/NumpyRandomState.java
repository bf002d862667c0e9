// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation;

import dev.darkroom.inference.tensor.MersenneTwister;
import java.util.Arrays;

/**
 * Draws what numpy's {@code RandomState} of a seed draws, so that a metric whose reference implementation shuffles gives the same
 * number here. Not thread-safe.
 */
public final class NumpyRandomState {
    private final MersenneTwister words;

    /** Starts as {@code RandomState(seed)} does, which takes a seed as 32 unsigned bits. */
    public NumpyRandomState(int seed) {
        this.words = new MersenneTwister(seed);
    }

    /** Returns 0 to {@code n - 1} in another order, as {@code permutation(n)} has them. */
    public int[] permutation(int n) {
        int[] order = new int[n];
        Arrays.setAll(order, i -> i);
        for (int i = n - 1; i > 0; i--) {
            int j = upTo(i);
            int kept = order[i];
            order[i] = order[j];
            order[j] = kept;
        }
        return order;
    }

    /** Returns {@code size} different ones of 0 to {@code n - 1}, as {@code choice(n, size, replace=False)} does. */
    public int[] choice(int n, int size) {
        return Arrays.copyOf(permutation(n), size);
    }

    /** Returns 0 to {@code max}: as many low bits as it takes, drawn again while they exceed it. */
    private int upTo(int max) {
        int mask = -1 >>> Integer.numberOfLeadingZeros(max);
        int value = words.nextInt() & mask;
        while (value > max) {
            value = words.nextInt() & mask;
        }
        return value;
    }
}
