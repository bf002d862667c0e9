// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The midpoint method in log sigma, called DPM2: DPM-Solver-2 of Lu et al. 2022 (arXiv:2206.00927), algorithm 1, in the form of algorithm 2
 * of Karras et al. 2022 (arXiv:2206.00364). An even step goes half-way; the odd one after it asks the network there, and makes the whole
 * step along that slope.
 *
 * <p>Numerically equal to diffusers' {@code KDPM2DiscreteScheduler} for the same configuration.
 */
final class Dpm2Scheduler implements Scheduler {
    private static final String SAMPLE = "sample"; // where the inference step began

    private final Dpm2Grid grid;
    private final PredictionType predictionType;

    Dpm2Scheduler(SchedulerConfig config) {
        this.grid = new Dpm2Grid(config);
        this.predictionType = PredictionType.of(config, PredictionType.NO_SAMPLE);
    }

    @Override
    public Schedule schedule(StepPlan plan) {
        SigmaGrid points = grid.points(plan.count(SchedulerType.DPM2));
        float[] sigmas = points.sigmasTo(0);
        float[] between = new float[sigmas.length - 1];
        for (int i = 0; i < between.length; i++) {
            between[i] = Dpm2Grid.between(sigmas[i], sigmas[i + 1]);
        }
        return new Steps(grid.timesteps(points, between), sigmas, between);
    }

    private final class Steps extends VarianceExplodingSchedule {
        private final float[] between; // half-way of each inference step

        Steps(float[] timesteps, float[] sigmas, float[] between) {
            super(timesteps, sigmas, grid.spacing(), 2);
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
            Tensor prev = Tensor.plus(history.get(SAMPLE), level(at + 1) - level(at), derivative);
            return new SchedulerOutput(prev, original, history.next());
        }
    }
}
