// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * How DPM-Solver reads what the network says.
 *
 * @param learnedVariance whether the network also answers a variance, in the channels after the first three
 */
record DpmSolverAnswer(
        DpmSolverAlgorithm algorithm, PredictionType predictionType, SampleRange sampleRange, boolean learnedVariance) {
    /**
     * An answer in the solver's terms.
     *
     * @param output the clean sample, or the noise for the algorithms that compute in it
     * @param original the clean sample
     */
    record Converted(Tensor output, Tensor original) {}

    private static final int PIXEL_CHANNELS = 3;

    static DpmSolverAnswer of(SchedulerConfig config, DpmSolverAlgorithm algorithm) {
        Set<PredictionType> known =
                algorithm.predictsOriginal() ? EnumSet.allOf(PredictionType.class) : PredictionType.COMMON;
        String variance = config.text("variance_type", "");
        return new DpmSolverAnswer(
                algorithm,
                PredictionType.of(config, known),
                SampleRange.thresholdOf(config),
                variance.equals("learned") || variance.equals("learned_range"));
    }

    Converted convert(Tensor modelOutput, Tensor latents, NoiseLevel level) {
        Tensor answer =
                learnedVariance && predictionType == PredictionType.EPSILON ? firstChannels(modelOutput) : modelOutput;
        Tensor original = sampleRange.limit(level.originalSample(predictionType, answer, latents));
        if (algorithm.predictsOriginal()) {
            return new Converted(original, original);
        }
        Tensor epsilon = sampleRange instanceof SampleRange.Unlimited
                ? level.noise(predictionType, answer, latents)
                : Tensor.divide(Tensor.plus(latents, -level.alpha(), original), level.sigma());
        return new Converted(epsilon, original);
    }

    private static Tensor firstChannels(Tensor modelOutput) {
        if (modelOutput.dim(1) <= PIXEL_CHANNELS) {
            return modelOutput;
        }
        int[] shape = modelOutput.shape();
        shape[1] = PIXEL_CHANNELS;
        int channels = modelOutput.dim(1);
        Tensor rows = modelOutput.reshape(shape[0] * channels, modelOutput.size() / (shape[0] * channels));
        return Tensor.concat(IntStream.range(0, shape[0])
                        .mapToObj(i -> rows.rows(i * channels, i * channels + PIXEL_CHANNELS))
                        .toList())
                .reshape(shape);
    }
}
