// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import java.util.Arrays;

/** The noise to signal ratio of each training timestep, growing, and what lies between two of them. */
final class TrainingSigmas {
    private final float[] sigmas;
    private final float[] logs;

    /** Takes abar of each training timestep, all above 0. */
    TrainingSigmas(float[] alphasCumprod) {
        this.sigmas = new float[alphasCumprod.length];
        this.logs = new float[alphasCumprod.length];
        for (int i = 0; i < sigmas.length; i++) {
            sigmas[i] = NoiseSchedules.sqrt((1 - alphasCumprod[i]) / alphasCumprod[i]);
            logs[i] = (float) Math.log(sigmas[i]);
        }
    }

    int count() {
        return sigmas.length;
    }

    float smallest() {
        return sigmas[0];
    }

    float largest() {
        return sigmas[sigmas.length - 1];
    }

    /** Interpolates between the two training timesteps around {@code timestep}; beyond them the ratio stays. */
    double at(double timestep) {
        int below = (int) Math.clamp(Math.floor(timestep), 0, sigmas.length - 2.0);
        double slope = (double) sigmas[below + 1] - sigmas[below];
        return Math.clamp(sigmas[below] + (timestep - below) * slope, sigmas[0], largest());
    }

    double[] at(double[] timesteps) {
        return Arrays.stream(timesteps).map(this::at).toArray();
    }

    /** Interpolates the training timestep of a sigma in log space, within the trained range. */
    double timestepOf(double sigma) {
        double log = Math.log(Math.max(sigma, 1e-10));
        int low = lastAtMost(log);
        double below = logs[low];
        double above = logs[low + 1];
        double weight = Math.clamp((below - log) / (below - above), 0.0, 1.0);
        return (1 - weight) * low + weight * (low + 1);
    }

    double[] timestepsOf(double[] sigmas) {
        return Arrays.stream(sigmas).map(this::timestepOf).toArray();
    }

    private int lastAtMost(double log) {
        int low = 0;
        int high = logs.length - 1; // never returned: an interval starts at the last but one
        while (high - low > 1) {
            int middle = (low + high) >>> 1;
            if (logs[middle] <= log) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** Returns {@code count} ratios over the whole training range whose logarithms are evenly spaced, falling. */
    double[] logLinear(int count) {
        float[] spread = NoiseSchedules.linspace(logs[logs.length - 1], logs[0], count);
        double[] spaced = new double[count];
        Arrays.setAll(spaced, i -> (float) Math.exp(spread[i]));
        return spaced;
    }
}
