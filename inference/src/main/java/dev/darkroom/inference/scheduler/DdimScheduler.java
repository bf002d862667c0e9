// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.function.Supplier;

/**
 * Denoising diffusion implicit models, eq. 12 and 16 of Song et al. 2021 (arXiv:2010.02502).
 *
 * <p>Numerically equal to diffusers' {@code DDIMScheduler} for the same configuration.
 */
final class DdimScheduler implements Scheduler {
    private final float[] alphasCumprod; // abar of each training timestep
    private final float finalAlphaCumprod; // abar where the last step arrives
    private final PredictionType predictionType;
    private final SampleRange sampleRange;
    private final TimestepSpacing spacing;
    private final int stepsOffset;
    private final float eta;

    /** Reads the configuration; {@code eta} 0 is deterministic, 1 as noisy as DDPM. */
    DdimScheduler(SchedulerConfig config, float eta) {
        if (!(eta >= 0 && eta <= 1)) {
            throw new IllegalArgumentException("eta is " + eta + ", allowed are 0 to 1");
        }
        this.alphasCumprod = NoiseSchedules.alphasCumprod(config, NoiseSchedules.STANDARD);
        this.finalAlphaCumprod = config.flag("set_alpha_to_one", true) ? 1 : alphasCumprod[0];
        this.predictionType = PredictionType.of(config, PredictionType.COMMON);
        this.sampleRange = SampleRange.of(config, true);
        this.spacing = config.choice("timestep_spacing", TimestepSpacing.LEADING);
        this.stepsOffset = config.integer("steps_offset", 0);
        this.eta = eta;
    }

    @Override
    public Schedule schedule(StepPlan plan) {
        int[] timesteps = spacing.wholeTimesteps(plan.count(SchedulerType.DDIM), alphasCumprod.length, stepsOffset);
        predictionType.requireSignal(alphasCumprod[timesteps[0]]);
        return new Steps(timesteps);
    }

    private final class Steps implements Schedule {
        private final int[] timesteps;

        Steps(int[] timesteps) {
            this.timesteps = timesteps;
        }

        @Override
        public int length() {
            return timesteps.length;
        }

        @Override
        public float timestep(int step) {
            return timesteps[step];
        }

        @Override
        public Tensor addNoise(Tensor original, Tensor noise, int step) {
            return ForwardProcess.noised(original, noise, alphasCumprod[timesteps[step]]);
        }

        @Override
        public SchedulerOutput step(
                Tensor modelOutput, Tensor latents, int step, History history, Supplier<Tensor> noise) {
            float alphaProd = alphasCumprod[timesteps[step]];
            float alphaProdPrev = alphaProdPrev(step);
            Tensor original = sampleRange.limit(predictionType.originalSample(modelOutput, latents, alphaProd));
            Tensor epsilon = predictionType.noise(modelOutput, latents, alphaProd);
            float sigma = eta * NoiseSchedules.sqrt(variance(alphaProd, alphaProdPrev)); // eq. 16
            float direction = NoiseSchedules.sqrt(Math.max(0, 1 - alphaProdPrev - sigma * sigma));
            Tensor prev = Tensor.combine(NoiseSchedules.sqrt(alphaProdPrev), original, direction, epsilon); // eq. 12
            return new SchedulerOutput(
                    eta > 0 ? Tensor.plus(prev, sigma, noise.get()) : prev, original, history.next());
        }

        /** Counts back by whole steps, whatever the spacing: with trailing spacing this need not be the next timestep. */
        private float alphaProdPrev(int step) {
            int prev = timesteps[step] - alphasCumprod.length / timesteps.length;
            return prev >= 0 ? alphasCumprod[prev] : finalAlphaCumprod;
        }

        private static float variance(float alphaProd, float alphaProdPrev) {
            return (1 - alphaProdPrev) / (1 - alphaProd) * (1 - alphaProd / alphaProdPrev);
        }
    }
}
