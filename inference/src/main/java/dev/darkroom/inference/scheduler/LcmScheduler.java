// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.function.Supplier;

/**
 * Multistep consistency sampling: algorithm 1 of Song et al. 2023 (arXiv:2303.01469) on the skipped steps and with the boundary scalings
 * of latent consistency models, Luo et al. 2023 (arXiv:2310.04378), eq. 9.
 *
 * <p>Numerically equal to diffusers' {@code LCMScheduler} for the same configuration.
 */
final class LcmScheduler implements Scheduler {
    private static final float SIGMA_DATA_SQUARED = 0.25f;

    private final float[] alphasCumprod; // abar of each training timestep
    private final DistilledTimesteps distilled;
    private final PredictionType predictionType;
    private final SampleRange sampleRange;
    private final float timestepScaling;

    LcmScheduler(SchedulerConfig config) {
        this.alphasCumprod = NoiseSchedules.alphasCumprod(config, NoiseSchedules.DISTILLED);
        this.distilled = DistilledTimesteps.of(config);
        this.predictionType = PredictionType.of(config, PredictionType.COMMON);
        this.sampleRange = SampleRange.of(config, false);
        this.timestepScaling = (float) config.real("timestep_scaling", 10);
    }

    @Override
    public Schedule schedule(StepPlan plan) {
        int[] timesteps = distilled.timesteps(plan, SchedulerType.LCM);
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
            float scaled = timesteps[step] * timestepScaling;
            float boundary = scaled * scaled + SIGMA_DATA_SQUARED;
            float skip = SIGMA_DATA_SQUARED / boundary;
            float out = scaled / NoiseSchedules.sqrt(boundary);
            Tensor original = sampleRange.limit(
                    predictionType.originalSample(modelOutput, latents, alphasCumprod[timesteps[step]]));
            Tensor denoised = Tensor.combine(out, original, skip, latents);
            Tensor prev = step + 1 == timesteps.length
                    ? denoised
                    : ForwardProcess.noised(denoised, noise.get(), alphasCumprod[timesteps[step + 1]]);
            return new SchedulerOutput(prev, denoised, history.next());
        }
    }
}
