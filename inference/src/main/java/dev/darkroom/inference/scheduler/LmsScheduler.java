// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.List;
import java.util.function.Supplier;

/**
 * Linear multistep method on the probability flow: the fourth-order Adams-Bashforth method with its factors integrated exactly over uneven
 * steps (Liu et al. 2022, arXiv:2202.09778, section 3.2; k-diffusion, sample_lms).
 *
 * <p>Numerically equal to diffusers' {@code LMSDiscreteScheduler} for the same configuration.
 */
final class LmsScheduler implements Scheduler {
    private static final int ORDER = 4;
    private static final String DERIVATIVE = "derivative"; // earlier slopes, newest first

    private final TrainingSigmas training;
    private final PredictionType predictionType;
    private final SigmaSpacing sigmaSpacing;
    private final TimestepSpacing spacing;
    private final int stepsOffset;

    LmsScheduler(SchedulerConfig config) {
        this.training = new TrainingSigmas(NoiseSchedules.alphasCumprod(config, NoiseSchedules.NEVER_RESCALED));
        this.predictionType = PredictionType.of(config, PredictionType.COMMON);
        this.sigmaSpacing = SigmaSpacing.of(config).withoutKarrasRange();
        this.spacing = config.choice("timestep_spacing", TimestepSpacing.LINSPACE);
        this.stepsOffset = config.integer("steps_offset", 0);
    }

    @Override
    public Schedule schedule(StepPlan plan) {
        double[] timesteps =
                SigmaGrid.rounded(spacing.timesteps(plan.count(SchedulerType.LMS), training.count(), stepsOffset));
        SigmaGrid grid = SigmaGrid.of(timesteps, training, sigmaSpacing);
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
            Tensor original = VarianceExploding.originalSample(predictionType, modelOutput, latents, sigma);
            Tensor derivative = VarianceExploding.derivative(latents, original, sigma);
            List<Tensor> derivatives = History.prepend(derivative, history.recent(DERIVATIVE));
            // As in diffusers, the order is that of the step, even where a loop that began later has fewer slopes.
            int order = Math.min(step + 1, ORDER);
            Tensor change = Tensor.scale(factor(step, order, 0), derivative);
            for (int i = 1; i < Math.min(order, derivatives.size()); i++) {
                change = Tensor.plus(change, factor(step, order, i), derivatives.get(i));
            }
            return new SchedulerOutput(
                    Tensor.plus(latents, change),
                    original,
                    history.next(History.named(DERIVATIVE, derivatives, ORDER - 1)));
        }

        /** Integrates the Lagrange polynomial of one slope over the step; exact, by two points of Gauss and Legendre, to degree 3. */
        private float factor(int step, int order, int of) {
            double half = (level(step + 1) - (double) level(step)) / 2;
            double middle = (level(step + 1) + (double) level(step)) / 2;
            double offset = half / Math.sqrt(3);
            return (float)
                    (half * (lagrange(middle - offset, step, order, of) + lagrange(middle + offset, step, order, of)));
        }

        private double lagrange(double sigma, int step, int order, int of) {
            double product = 1;
            for (int k = 0; k < order; k++) {
                if (k != of) {
                    product *= (sigma - level(step - k)) / ((double) level(step - of) - level(step - k));
                }
            }
            return product;
        }
    }
}
