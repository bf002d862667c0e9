// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * Euler's method on the probability flow: algorithm 2 of Karras et al. 2022 (arXiv:2206.00364) without churn.
 *
 * <p>Numerically equal to diffusers' {@code EulerDiscreteScheduler} for the same configuration.
 */
final class EulerScheduler implements Scheduler {
    /** How sigmas between training timesteps are found. */
    enum Interpolation {
        LINEAR,
        LOG_LINEAR
    }

    /** What the network is told: the training timestep, or a quarter of the sigma's logarithm (v-prediction only). */
    enum TimestepType {
        DISCRETE,
        CONTINUOUS
    }

    private final TrainingSigmas training;
    private final PredictionType predictionType;
    private final Interpolation interpolation;
    private final SigmaSpacing sigmaSpacing;
    private final TimestepSpacing spacing;
    private final TimestepType timestepType;
    private final int stepsOffset;
    private final FinalSigma finalSigma;

    EulerScheduler(SchedulerConfig config) {
        this.training = new TrainingSigmas(NoiseSchedules.positiveAlphasCumprod(config, NoiseSchedules.STANDARD));
        this.predictionType = PredictionType.of(config, PredictionType.COMMON);
        this.interpolation = config.choice("interpolation_type", Interpolation.LINEAR);
        this.sigmaSpacing = SigmaSpacing.of(config);
        this.spacing = config.choice("timestep_spacing", TimestepSpacing.LINSPACE);
        this.timestepType = config.choice("timestep_type", TimestepType.DISCRETE);
        this.stepsOffset = config.integer("steps_offset", 0);
        this.finalSigma = config.choice("final_sigmas_type", FinalSigma.ZERO);
    }

    @Override
    public Schedule schedule(StepPlan plan) {
        return switch (plan) {
            case StepPlan.Count(int steps) ->
                steps(spaced(SigmaGrid.rounded(spacing.timesteps(steps, training.count(), stepsOffset))));
            case StepPlan.Timesteps custom -> {
                sigmaSpacing.refuseBeside("timesteps");
                if (continuous()) {
                    throw new IllegalArgumentException(
                            "scheduler option timestep_type continuous and custom timesteps exclude each other");
                }
                yield steps(spaced(custom.exact(training.count())));
            }
            case StepPlan.Sigmas custom -> customSigmas(custom);
            case StepPlan.Partial _ -> throw plan.notWith(SchedulerType.EULER);
        };
    }

    private SigmaGrid spaced(double[] timesteps) {
        return switch (interpolation) {
            case LINEAR -> SigmaGrid.of(timesteps, training, sigmaSpacing);
            case LOG_LINEAR -> {
                // With the step to the smallest sigma there is one value more, which only other spacings look at.
                double[] sigmas = sigmaSpacing.respaced(training.logLinear(timesteps.length + 1), timesteps.length);
                yield new SigmaGrid(sigmaSpacing.followsTraining() ? timesteps : training.timestepsOf(sigmas), sigmas);
            }
        };
    }

    private Steps steps(SigmaGrid grid) {
        return new Steps(timesteps(grid), grid.sigmasTo(finalSigma.of(training)));
    }

    private Steps customSigmas(StepPlan.Sigmas custom) {
        double[] sigmas = custom.exact();
        if (sigmas.length < 2) {
            throw new IllegalArgumentException("custom sigmas are " + custom.sigmas() + ", fewer than 2");
        }
        double[] starts = Arrays.copyOf(sigmas, sigmas.length - 1);
        return new Steps(timesteps(new SigmaGrid(training.timestepsOf(starts), starts)), SigmaGrid.floats(sigmas));
    }

    private boolean continuous() {
        return timestepType == TimestepType.CONTINUOUS && predictionType == PredictionType.V_PREDICTION;
    }

    private float[] timesteps(SigmaGrid grid) {
        return SigmaGrid.floats(
                continuous()
                        ? Arrays.stream(grid.sigmas())
                                .map(sigma -> 0.25 * Math.log(sigma))
                                .toArray()
                        : grid.timesteps());
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
            return new SchedulerOutput(
                    Tensor.plus(latents, level(step + 1) - sigma, derivative), original, history.next());
        }
    }
}
