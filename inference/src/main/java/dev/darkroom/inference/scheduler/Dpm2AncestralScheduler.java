// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.Map;
import java.util.function.Supplier;

/**
 * DPM2, the midpoint method in log sigma ({@link Dpm2Scheduler}), with ancestral sampling as in {@link EulerAncestralScheduler}: DPM-Solver-2
 * of Lu et al. 2022 (arXiv:2206.00927), algorithm 1, below the noise level, and fresh noise up to it (k-diffusion,
 * sample_dpm_2_ancestral).
 *
 * <p>Numerically equal to diffusers' {@code KDPM2AncestralDiscreteScheduler} for the same configuration.
 */
final class Dpm2AncestralScheduler implements Scheduler {
    private static final String SAMPLE = "sample"; // where the inference step began

    private final Dpm2Grid grid;
    private final PredictionType predictionType;

    Dpm2AncestralScheduler(SchedulerConfig config) {
        this.grid = new Dpm2Grid(config);
        this.predictionType = PredictionType.of(config, PredictionType.NO_SAMPLE);
    }

    @Override
    public Schedule schedule(StepPlan plan) {
        SigmaGrid points = grid.points(plan.count(SchedulerType.DPM2_ANCESTRAL));
        float[] sigmas = points.sigmasTo(0);
        int count = sigmas.length - 1;
        float[] up = new float[count];
        float[] down = new float[count];
        float[] between = new float[count];
        for (int i = 0; i < count; i++) {
            up[i] = VarianceExploding.up(sigmas[i], sigmas[i + 1]);
            down[i] = VarianceExploding.down(sigmas[i + 1], up[i]);
            between[i] = i == count - 1 ? 0 : Dpm2Grid.between(sigmas[i], down[i]);
        }
        return new Steps(grid.timesteps(points, between), sigmas, up, down, between);
    }

    private final class Steps extends VarianceExplodingSchedule {
        private final float[] up; // deviation of the fresh noise of each inference step
        private final float[] down; // level before it
        private final float[] between; // half-way there

        Steps(float[] timesteps, float[] sigmas, float[] up, float[] down, float[] between) {
            super(timesteps, sigmas, grid.spacing(), 2);
            this.up = up;
            this.down = down;
            this.between = between;
        }

        @Override
        float sigma(int step) {
            return step % 2 == 0 ? level(step / 2) : between[step / 2];
        }

        @Override
        public SchedulerOutput step(
                Tensor modelOutput, Tensor latents, int step, History history, Supplier<Tensor> noise) {
            int at = step / 2;
            Tensor original = VarianceExploding.originalSample(predictionType, modelOutput, latents, sigma(step));
            Tensor derivative = VarianceExploding.derivative(latents, original, sigma(step));
            if (step % 2 == 0) {
                return new SchedulerOutput(
                        Tensor.plus(latents, between[at] - level(at), derivative),
                        original,
                        history.next(Map.of(SAMPLE, latents)));
            }
            Tensor mean = Tensor.plus(history.get(SAMPLE), down[at] - level(at), derivative);
            return new SchedulerOutput(Tensor.plus(mean, up[at], noise.get()), original, history.next());
        }
    }
}
