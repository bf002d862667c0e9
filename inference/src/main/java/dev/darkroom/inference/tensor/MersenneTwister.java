// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tensor;

/** mt19937 of Matsumoto and Nishimura (1998), with the uniforms that torch takes from it. Not thread-safe. */
public final class MersenneTwister {
    private static final int SIZE = 624;
    private static final int SHIFT = 397;

    private final int[] state = new int[SIZE];
    private int next = SIZE;
    private long draws;

    public MersenneTwister(int seed) {
        state[0] = seed;
        for (int i = 1; i < SIZE; i++) {
            state[i] = 1812433253 * (state[i - 1] ^ (state[i - 1] >>> 30)) + i;
        }
    }

    long draws() {
        return draws;
    }

    void skip(long count) {
        for (long i = 0; i < count; i++) {
            nextInt();
        }
    }

    /** Returns the next 32 bits. */
    public int nextInt() {
        if (next == SIZE) {
            regenerate();
        }
        draws++;
        int y = state[next++];
        y ^= y >>> 11;
        y ^= (y << 7) & 0x9d2c5680;
        y ^= (y << 15) & 0xefc60000;
        return y ^ (y >>> 18);
    }

    private void regenerate() {
        for (int i = 0; i < SIZE; i++) {
            int y = (state[i] & 0x80000000) | (state[(i + 1) % SIZE] & 0x7fffffff);
            state[i] = state[(i + SHIFT) % SIZE] ^ (y >>> 1) ^ ((y & 1) == 0 ? 0 : 0x9908b0df);
        }
        next = 0;
    }

    /** Returns a multiple of 2^-24 in [0, 1). */
    float nextFloat() {
        return (nextInt() & 0xffffff) * 0x1p-24f;
    }

    /** Returns a multiple of 2^-53 in [0, 1); the first word is the high one. */
    public double nextDouble() {
        long word = ((long) nextInt() << 32) | (nextInt() & 0xffffffffL);
        return (word & ((1L << 53) - 1)) * 0x1p-53;
    }
}
