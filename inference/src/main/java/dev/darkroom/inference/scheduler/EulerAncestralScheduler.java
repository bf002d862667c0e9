// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.function.Supplier;

/**
 * Euler's method with ancestral sampling: each step goes below its noise level and comes back up with fresh noise, in the split of
 * Song et al. 2021 (arXiv:2010.02502), eq. 16 with eta = 1, written in sigma (k-diffusion, sample_euler_ancestral).
 *
 * <p>Numerically equal to diffusers' {@code EulerAncestralDiscreteScheduler} for the same configuration.
 */
final class EulerAncestralScheduler implements Scheduler {
    private final TrainingSigmas training;
    private final PredictionType predictionType;
    private final TimestepSpacing spacing;
    private final int stepsOffset;

    EulerAncestralScheduler(SchedulerConfig config) {
        this.training = new TrainingSigmas(NoiseSchedules.positiveAlphasCumprod(config, NoiseSchedules.STANDARD));
        this.predictionType = PredictionType.of(config, PredictionType.NO_SAMPLE);
        this.spacing = config.choice("timestep_spacing", TimestepSpacing.LINSPACE);
        this.stepsOffset = config.integer("steps_offset", 0);
    }

    @Override
    public Schedule schedule(StepPlan plan) {
        double[] timesteps = SigmaGrid.rounded(
                spacing.timesteps(plan.count(SchedulerType.EULER_ANCESTRAL), training.count(), stepsOffset));
        SigmaGrid grid = new SigmaGrid(timesteps, training.at(timesteps));
        return new Steps(grid.floatTimesteps(), grid.sigmasTo(0));
    }

    private final class Steps extends VarianceExplodingSchedule {
        Steps(float[] timesteps, float[] sigmas) {
            super(timesteps, sigmas, spacing, 1);
        }

        @Override
        public SchedulerOutput step(
                Tensor modelOutput, Tensor latents, int step, History history, Supplier<Tensor> noise) {
            float sigma = sigma(step);
            float up = VarianceExploding.up(sigma, level(step + 1));
            float down = VarianceExploding.down(level(step + 1), up);
            Tensor original = VarianceExploding.originalSample(predictionType, modelOutput, latents, sigma);
            Tensor derivative = VarianceExploding.derivative(latents, original, sigma);
            Tensor mean = Tensor.plus(latents, down - sigma, derivative);
            return new SchedulerOutput(Tensor.plus(mean, up, noise.get()), original, history.next());
        }
    }
}
