// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

/** Where the steps of DPM2 and its ancestral variant lie. */
final class Dpm2Grid {
    private final TrainingSigmas training;
    private final SigmaSpacing sigmaSpacing;
    private final TimestepSpacing spacing;
    private final int stepsOffset;

    Dpm2Grid(SchedulerConfig config) {
        this.training = new TrainingSigmas(NoiseSchedules.alphasCumprod(config, NoiseSchedules.SECOND_ORDER));
        this.sigmaSpacing = SigmaSpacing.of(config);
        this.spacing = config.choice("timestep_spacing", TimestepSpacing.LINSPACE);
        this.stepsOffset = config.integer("steps_offset", 0);
    }

    TimestepSpacing spacing() {
        return spacing;
    }

    /** Returns where the inference steps begin. */
    SigmaGrid points(int steps) {
        double[] timesteps = SigmaGrid.rounded(spacing.timesteps(steps, training.count(), stepsOffset));
        SigmaGrid grid = SigmaGrid.of(timesteps, training, sigmaSpacing);
        return sigmaSpacing.curve() == SigmaSpacing.Curve.KARRAS
                ? new SigmaGrid(SolverPoints.rounded(grid.timesteps()), grid.sigmas())
                : grid;
    }

    /** Returns the timesteps of both calls of each inference step, but one for the last. */
    float[] timesteps(SigmaGrid points, float[] between) {
        float[] both = new float[2 * between.length - 1];
        for (int i = 0; i < both.length; i++) {
            both[i] = (float) (i % 2 == 0 ? points.timesteps()[i / 2] : training.timestepOf(between[i / 2]));
        }
        return both;
    }

    /** Returns the middle of two levels in log space; no noise where one of them is none. */
    static float between(float from, float to) {
        float first = (float) Math.log(to);
        float second = (float) Math.log(from);
        return to == 0 ? 0 : (float) Math.exp(second - (second - first) * 0.5f);
    }
}
