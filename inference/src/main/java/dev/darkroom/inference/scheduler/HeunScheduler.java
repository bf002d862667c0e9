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
        return new Steps(asked(grid.floatTimesteps()), grid.sigmasTo(0));
    }

    /** Returns the timestep of each call: the second one of an inference step asks at its end. */
    private static float[] asked(float[] timesteps) {
        float[] asked = new float[2 * timesteps.length - 1];
        for (int i = 0; i < asked.length; i++) {
            asked[i] = timesteps[Math.ceilDiv(i, 2)];
        }
        return asked;
    }

    private final class Steps extends VarianceExplodingSchedule {
        Steps(float[] timesteps, float[] sigmas) {
            super(timesteps, sigmas, spacing, 2);
        }

        @Override
        float sigma(int step) {
            return level(Math.ceilDiv(step, 2));
        }

        @Override
        public SchedulerOutput step(
                Tensor modelOutput, Tensor latents, int step, History history, Supplier<Tensor> noise) {
            float sigma = sigma(step);
            Tensor original =
                    sampleRange.limit(VarianceExploding.originalSample(predictionType, modelOutput, latents, sigma));
            Tensor derivative = VarianceExploding.derivative(latents, original, sigma);
            float dt = level(step / 2 + 1) - level(step / 2);
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
