// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import java.util.Arrays;
import java.util.stream.DoubleStream;

/** The timesteps of an exponential integrator's generation, and its noise levels with the one where the last step arrives. */
final class SolverPoints {
    private final int[] timesteps;
    private final NoiseLevel[] levels;

    private SolverPoints(int[] timesteps, NoiseLevel[] levels) {
        this.timesteps = timesteps;
        this.levels = levels;
    }

    /**
     * Cuts the timesteps to whole ones.
     *
     * @param flow whether {@code sigmas} are those of a straight path
     */
    static SolverPoints of(double[] timesteps, double[] sigmas, double last, boolean flow) {
        float[] all = new SigmaGrid(timesteps, sigmas).sigmasTo(last);
        NoiseLevel[] levels = new NoiseLevel[all.length];
        for (int i = 0; i < all.length; i++) {
            levels[i] = flow ? NoiseLevel.ofFlow(all[i]) : NoiseLevel.ofRatio(all[i]);
        }
        return new SolverPoints(
                Arrays.stream(timesteps).mapToInt(timestep -> (int) timestep).toArray(), levels);
    }

    static double[] rounded(double[] timesteps) {
        return Arrays.stream(timesteps).map(Math::rint).toArray();
    }

    static double[] doubles(int[] timesteps) {
        return Arrays.stream(timesteps).asDoubleStream().toArray();
    }

    static double[] scaled(double[] sigmas, int trainSteps) {
        return DoubleStream.of(sigmas).map(sigma -> sigma * trainSteps).toArray();
    }

    int length() {
        return timesteps.length;
    }

    int timestep(int step) {
        return timesteps[step];
    }

    NoiseLevel level(int step) {
        return levels[step];
    }

    /** Returns how far lambda grows from one step's level to another's. */
    float distance(int from, int to) {
        return levels[to].lambda() - levels[from].lambda();
    }
}
