// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.Map;
import java.util.function.Supplier;

/**
 * DPM-Solver++ (SDE), the stochastic second-order single-step method: DPM-Solver++(2S) of Lu et al. 2022 (arXiv:2211.01095), algorithm 1,
 * with ancestral noise along one Brownian path (k-diffusion, sample_dpmpp_sde). An even step goes half-way; the odd one after it asks the
 * network there, and makes the whole step.
 *
 * <p>Equal to diffusers' {@code DPMSolverSDEScheduler} for the same configuration and the same path. The noise of both calls of a step
 * overlaps there, as increments of one path. That path comes from torchsde and a seed of its own, {@code noise_sampler_seed}, or none:
 * it does not follow the seed of the picture, and depends on the batch. Here the path of a picture is drawn from the picture's own noise,
 * increment after increment, so {@code noise_sampler_seed} is refused.
 */
final class DpmSdeScheduler implements Scheduler {
    private static final String SAMPLE = "sample"; // where the inference step began
    private static final String NOISE = "noise"; // of the path's first increment

    private final TrainingSigmas training;
    private final PredictionType predictionType;
    private final SigmaSpacing sigmaSpacing;
    private final TimestepSpacing spacing;
    private final int stepsOffset;

    DpmSdeScheduler(SchedulerConfig config) {
        config.refuse("noise_sampler_seed");
        this.training = new TrainingSigmas(NoiseSchedules.alphasCumprod(config, NoiseSchedules.SECOND_ORDER));
        this.predictionType = PredictionType.of(config, PredictionType.NO_SAMPLE);
        this.sigmaSpacing = SigmaSpacing.of(config).withoutKarrasRange();
        this.spacing = config.choice("timestep_spacing", TimestepSpacing.LINSPACE);
        this.stepsOffset = config.integer("steps_offset", 0);
    }

    @Override
    public Schedule schedule(StepPlan plan) {
        double[] timesteps = spacing.timesteps(plan.count(SchedulerType.DPM_SOLVER_SDE), training.count(), stepsOffset);
        SigmaGrid grid = SigmaGrid.of(timesteps, training, sigmaSpacing);
        double[] sigmas = grid.sigmas();
        float[] both = new float[2 * sigmas.length - 1];
        for (int i = 0; i < both.length; i++) {
            both[i] = (float)
                    (i % 2 == 0
                            ? grid.timesteps()[i / 2]
                            : training.timestepOf(Math.sqrt(sigmas[i / 2] * sigmas[i / 2 + 1])));
        }
        return new Steps(both, grid.sigmasTo(0));
    }

    private final class Steps extends VarianceExplodingSchedule {
        Steps(float[] timesteps, float[] sigmas) {
            super(timesteps, sigmas, spacing, 2);
        }

        @Override
        float sigma(int step) {
            return step % 2 == 0 ? level(step / 2) : middle(step / 2);
        }

        private float middle(int at) {
            float t = -log(level(at));
            return exp(-(t + (-log(level(at + 1)) - t) * 0.5f));
        }

        @Override
        public SchedulerOutput step(
                Tensor modelOutput, Tensor latents, int step, History history, Supplier<Tensor> noise) {
            int at = step / 2;
            Tensor original = VarianceExploding.originalSample(predictionType, modelOutput, latents, sigma(step));
            if (level(at + 1) == 0) {
                Tensor derivative = VarianceExploding.derivative(latents, original, level(at));
                return new SchedulerOutput(Tensor.plus(latents, -level(at), derivative), original, history.next());
            }
            Tensor fresh = noise.get();
            if (step % 2 == 0) {
                return new SchedulerOutput(
                        ancestral(latents, original, level(at), middle(at), fresh),
                        original,
                        history.next(Map.of(SAMPLE, latents, NOISE, fresh)));
            }
            Tensor whole = increment(history.get(NOISE), fresh, level(at), middle(at), level(at + 1));
            Tensor prev = ancestral(history.get(SAMPLE), original, level(at), level(at + 1), whole);
            return new SchedulerOutput(prev, original, history.next());
        }

        /** Joins the noise of two increments of a path to that of both together, each of unit variance. */
        private static Tensor increment(Tensor first, Tensor second, float from, float middle, float to) {
            return Tensor.combine(
                    NoiseSchedules.sqrt((from - middle) / (from - to)),
                    first,
                    NoiseSchedules.sqrt((middle - to) / (from - to)),
                    second);
        }

        private static Tensor ancestral(Tensor sample, Tensor original, float from, float to, Tensor noise) {
            float up = Math.min(to, VarianceExploding.up(from, to));
            float t = -log(from);
            float down = -log(VarianceExploding.down(to, up));
            Tensor mean = Tensor.combine(exp(-down) / exp(-t), sample, -(float) Math.expm1(t - down), original);
            return Tensor.plus(mean, up, noise);
        }

        private static float log(float x) {
            return (float) Math.log(x);
        }

        private static float exp(float x) {
            return (float) Math.exp(x);
        }
    }
}
