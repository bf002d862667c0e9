// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Denoising diffusion probabilistic models, eq. 7 of Ho et al. 2020 (arXiv:2006.11239).
 *
 * <p>Numerically equal to diffusers' {@code DDPMScheduler} for the same configuration. {@code fixed_large_log} is refused: there it
 * takes the square root of a negative logarithm, so that every picture is NaN.
 */
final class DdpmScheduler implements Scheduler {
    /** Where the variance of a step's noise comes from; the learned ones are the second half of the network's output channels. */
    enum VarianceType {
        FIXED_SMALL,
        FIXED_SMALL_LOG,
        FIXED_LARGE,
        LEARNED,
        LEARNED_RANGE;

        boolean isLearned() {
            return this == LEARNED || this == LEARNED_RANGE;
        }
    }

    private final float[] alphasCumprod; // abar of each training timestep
    private final VarianceType varianceType;
    private final PredictionType predictionType;
    private final SampleRange sampleRange;
    private final TimestepSpacing spacing;
    private final int stepsOffset;

    DdpmScheduler(SchedulerConfig config) {
        this.alphasCumprod = NoiseSchedules.alphasCumprod(config, NoiseSchedules.DDPM);
        this.varianceType = config.choice("variance_type", VarianceType.FIXED_SMALL);
        this.predictionType = PredictionType.of(config, PredictionType.COMMON);
        this.sampleRange = SampleRange.of(config, true);
        this.spacing = config.choice("timestep_spacing", TimestepSpacing.LEADING);
        this.stepsOffset = config.integer("steps_offset", 0);
    }

    @Override
    public Schedule schedule(StepPlan plan) {
        int[] timesteps = switch (plan) {
            case StepPlan.Count(int steps) -> spacing.wholeTimesteps(steps, alphasCumprod.length, stepsOffset);
            case StepPlan.Timesteps custom -> custom.whole(alphasCumprod.length);
            case StepPlan.Partial _, StepPlan.Sigmas _ -> throw plan.notWith(SchedulerType.DDPM);
        };
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
            List<Tensor> halves = halves(modelOutput, latents);
            float alphaProd = alphasCumprod[timesteps[step]];
            float alphaProdPrev = step + 1 < timesteps.length ? alphasCumprod[timesteps[step + 1]] : 1;
            float alpha = alphaProd / alphaProdPrev;
            Tensor original = sampleRange.limit(predictionType.originalSample(halves.getFirst(), latents, alphaProd));
            Tensor mean = Tensor.combine( // eq. 7
                    NoiseSchedules.sqrt(alphaProdPrev) * (1 - alpha) / (1 - alphaProd),
                    original,
                    NoiseSchedules.sqrt(alpha) * (1 - alphaProdPrev) / (1 - alphaProd),
                    latents);
            if (timesteps[step] == 0) {
                return new SchedulerOutput(mean, original, history.next());
            }
            float beta = 1 - alpha;
            float posterior = Math.max((1 - alphaProdPrev) / (1 - alphaProd) * beta, 1e-20f);
            Tensor prev = withNoise(mean, noise.get(), posterior, beta, halves.getLast());
            return new SchedulerOutput(prev, original, history.next());
        }

        private Tensor withNoise(Tensor mean, Tensor noise, float posterior, float beta, Tensor learned) {
            return switch (varianceType) {
                case FIXED_SMALL, FIXED_SMALL_LOG -> Tensor.plus(mean, NoiseSchedules.sqrt(posterior), noise);
                case FIXED_LARGE -> Tensor.plus(mean, NoiseSchedules.sqrt(beta), noise);
                case LEARNED -> plus(mean, map(learned, Math::sqrt), noise);
                // Nichol and Dhariwal 2021 (arXiv:2102.09672), eq. 15.
                case LEARNED_RANGE -> {
                    double high = Math.log(beta);
                    double low = Math.log(posterior);
                    yield plus(
                            mean,
                            map(learned, v -> Math.exp(0.5 * ((v + 1) / 2 * high + (1 - (v + 1) / 2) * low))),
                            noise);
                }
            };
        }

        /** Returns prediction and variance: twice the same where the variance is not learned. */
        private List<Tensor> halves(Tensor modelOutput, Tensor latents) {
            if (!varianceType.isLearned()) {
                return List.of(modelOutput, modelOutput);
            }
            if (modelOutput.dim(1) != 2 * latents.dim(1)) {
                throw new IllegalArgumentException("scheduler option variance_type is "
                        + SchedulerConfig.optionName(varianceType) + ", which needs " + 2 * latents.dim(1)
                        + " output channels, found " + modelOutput.dim(1));
            }
            int[] shape = latents.shape();
            Tensor rows = modelOutput.reshape(shape[0] * 2, latents.size() / shape[0]);
            return List.of(
                    everySecondRow(rows, 0).reshape(shape),
                    everySecondRow(rows, 1).reshape(shape));
        }

        private static Tensor everySecondRow(Tensor rows, int first) {
            return Tensor.concat(IntStream.range(0, rows.dim(0) / 2)
                    .mapToObj(i -> rows.row(2 * i + first))
                    .toList());
        }

        private static Tensor map(Tensor x, DoubleUnaryOperator function) {
            float[] values = x.data().clone();
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) function.applyAsDouble(values[i]);
            }
            return Tensor.of(values, x.shape());
        }

        private static Tensor plus(Tensor mean, Tensor deviation, Tensor noise) {
            float[] values = mean.data().clone();
            for (int i = 0; i < values.length; i++) {
                values[i] += deviation.data()[i] * noise.data()[i];
            }
            return Tensor.of(values, mean.shape());
        }
    }
}
