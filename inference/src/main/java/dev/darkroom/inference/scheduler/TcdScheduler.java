// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.function.Supplier;

/**
 * Strategic stochastic sampling of trajectory consistency models: Zheng et al. 2024 (arXiv:2402.19159), algorithm 4. A step goes along the
 * trajectory below its target, and comes back up with fresh noise.
 *
 * <p>Numerically equal to diffusers' {@code TCDScheduler} for the same configuration, which reads no clipping or thresholding.
 */
final class TcdScheduler implements Scheduler {
    private final float[] alphasCumprod; // abar of each training timestep
    private final DistilledTimesteps distilled;
    private final PredictionType predictionType;
    private final float eta; // the paper's gamma

    /** Reads the configuration; {@code eta} 0 is deterministic, 1 goes all the way down to the clean sample. */
    TcdScheduler(SchedulerConfig config, float eta) {
        if (!(eta >= 0 && eta <= 1)) {
            throw new IllegalArgumentException("eta is " + eta + ", allowed are 0 to 1");
        }
        this.alphasCumprod = NoiseSchedules.alphasCumprod(config, NoiseSchedules.DISTILLED);
        this.distilled = DistilledTimesteps.of(config);
        this.predictionType = PredictionType.of(config, PredictionType.COMMON);
        this.eta = eta;
    }

    @Override
    public Schedule schedule(StepPlan plan) {
        int[] timesteps = distilled.timesteps(plan, SchedulerType.TCD);
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
            boolean last = step + 1 == timesteps.length;
            int target = last ? 0 : timesteps[step + 1];
            int below = (int) Math.floor((float) (1 - (double) eta) * target);
            float alphaProd = alphasCumprod[timesteps[step]];
            float alphaProdBelow = alphasCumprod[below];
            Tensor original = predictionType.originalSample(modelOutput, latents, alphaProd);
            Tensor epsilon = predictionType.noise(modelOutput, latents, alphaProd);
            Tensor reached = ForwardProcess.noised(original, epsilon, alphaProdBelow);
            Tensor prev = eta > 0 && !last
                    ? ForwardProcess.noised(reached, noise.get(), alphasCumprod[target] / alphaProdBelow)
                    : reached;
            return new SchedulerOutput(prev, original, history.next());
        }
    }
}
