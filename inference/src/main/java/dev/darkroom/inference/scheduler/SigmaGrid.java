// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import java.util.Arrays;

/** The timesteps and noise levels of a generation, falling; one of each per inference step. Immutable: nobody writes to the arrays. */
final class SigmaGrid {
    private final double[] timesteps;
    private final double[] sigmas;

    SigmaGrid(double[] timesteps, double[] sigmas) {
        this.timesteps = timesteps;
        this.sigmas = sigmas;
    }

    /** Spaces the levels of {@code timesteps} anew; the timesteps are then what the new levels were trained at. */
    static SigmaGrid of(double[] timesteps, TrainingSigmas training, SigmaSpacing spacing) {
        double[] base = training.at(timesteps);
        double[] sigmas = spacing.respaced(base, timesteps.length);
        return new SigmaGrid(spacing.followsTraining() ? timesteps : training.timestepsOf(sigmas), sigmas);
    }

    double[] timesteps() {
        return timesteps;
    }

    double[] sigmas() {
        return sigmas;
    }

    float[] floatTimesteps() {
        return floats(timesteps);
    }

    /** Returns the levels and, after them, where the last step arrives. */
    float[] sigmasTo(double last) {
        double[] longer = Arrays.copyOf(sigmas, sigmas.length + 1);
        longer[sigmas.length] = last;
        return floats(longer);
    }

    static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    /** Rounds every value to float32: {@code np.linspace(dtype=np.float32)}. */
    static double[] rounded(double[] values) {
        return Arrays.stream(values).map(value -> (float) value).toArray();
    }
}
