// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Heun's method on the probability flow: algorithm 2 of Karras et al. 2022 (arXiv:2206.00364) without churn. An even step is Euler's;
 * the odd one after it asks the network where that arrived, and repeats it with the mean of both slopes.
 *
 * <p>Numerically equal to diffusers' {@code HeunDiscreteScheduler} for the same configuration.
 */
final class HeunScheduler implements Scheduler {
    private static final String SAMPLE = "sample"; // where the inference step began
    private static final String DERIVATIVE = "derivative"; // the slope there

    private final TrainingSigmas training;
    private final PredictionType predictionType;
    private final SigmaSpacing sigmaSpacing;
    private final SampleRange sampleRange;
    private final TimestepSpacing spacing;
    private final int stepsOffset;

    HeunScheduler(SchedulerConfig config) {
        this.training = new TrainingSigmas(NoiseSchedules.alphasCumprod(config, NoiseSchedules.HEUN));
        this.predictionType = PredictionType.of(config, PredictionType.COMMON);
        this.sigmaSpacing = SigmaSpacing.of(config);
        this.sampleRange = SampleRange.clipOf(config, false);
        this.spacing = config.choice("timestep_spacing", TimestepSpacing.LINSPACE);
        this.stepsOffset = config.integer("steps_offset", 0);
    }

    @Override
    public Schedule schedule(StepPlan plan) {
        double[] timesteps = switch (plan) {
            case StepPlan.Count(int steps) ->
                SigmaGrid.rounded(spacing.timesteps(steps, training.count(), stepsOffset));
            case StepPlan.Timesteps custom -> {
                sigmaSpacing.refuseBeside("timesteps");
                yield custom.exact(training.count());
            }
            case StepPlan.Partial _, StepPlan.Sigmas _ -> throw plan.notWith(SchedulerType.HEUN);
        };
        SigmaGrid grid = SigmaGrid.of(timesteps, training, sigmaSpacing);
        return new Steps(grid.floatTimesteps(), grid.sigmasTo(0));
    }

    /** Step 2k is the first call of inference step k, step 2k + 1 its second; the last inference step has one call. */
    private final class Steps implements Schedule {
        private final float[] timesteps; // of each inference step
        private final float[] sigmas; // longer than timesteps: sigmas[k + 1] is where inference step k arrives

        Steps(float[] timesteps, float[] sigmas) {
            this.timesteps = timesteps;
            this.sigmas = sigmas;
        }

        @Override
        public int length() {
            return 2 * timesteps.length - 1;
        }

        @Override
        public float timestep(int step) {
            return timesteps[at(step)];
        }

        /** Returns where the network is asked: an odd step asks at the end of its inference step. */
        private static int at(int step) {
            return (step + 1) / 2;
        }

        @Override
        public int order() {
            return 2;
        }

        @Override
        public float initNoiseSigma() {
            return VarianceExploding.initNoiseSigma(sigmas, spacing);
        }

        @Override
        public Tensor scaleModelInput(Tensor latents, int step) {
            return VarianceExploding.modelInput(latents, sigmas[at(step)]);
        }

        @Override
        public Tensor addNoise(Tensor original, Tensor noise, int step) {
            return VarianceExploding.addNoise(original, noise, sigmas[at(step)]);
        }

        @Override
        public SchedulerOutput step(
                Tensor modelOutput, Tensor latents, int step, History history, Supplier<Tensor> noise) {
            float sigma = sigmas[at(step)];
            Tensor original =
                    sampleRange.limit(VarianceExploding.originalSample(predictionType, modelOutput, latents, sigma));
            Tensor derivative = VarianceExploding.derivative(latents, original, sigma);
            float dt = sigmas[step / 2 + 1] - sigmas[step / 2];
            if (step % 2 == 0) {
                return new SchedulerOutput(
                        Tensor.plus(latents, dt, derivative),
                        original,
                        history.next(Map.of(SAMPLE, latents, DERIVATIVE, derivative)));
            }
            Tensor mean = Tensor.divide(Tensor.plus(history.get(DERIVATIVE), derivative), 2);
            return new SchedulerOutput(Tensor.plus(history.get(SAMPLE), dt, mean), original, history.next());
        }
    }
}
