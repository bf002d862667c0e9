// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.EnumSet;
import java.util.Set;

/**
 * What a network's output means: the noise, the clean sample, the velocity of Salimans and Ho 2022 (arXiv:2202.00512), or the velocity
 * of a straight path from the sample to the noise (Liu et al. 2022, arXiv:2209.03003).
 */
enum PredictionType {
    EPSILON,
    SAMPLE,
    V_PREDICTION,
    FLOW_PREDICTION;

    /** What most samplers know. */
    static final Set<PredictionType> COMMON = EnumSet.of(EPSILON, SAMPLE, V_PREDICTION);

    static final Set<PredictionType> NO_SAMPLE = EnumSet.of(EPSILON, V_PREDICTION);

    /** Reads {@code prediction_type}. */
    static PredictionType of(SchedulerConfig config, Set<PredictionType> known) {
        return config.choice("prediction_type", EPSILON, known);
    }

    /**
     * Returns x_0 of x_t = sqrt(abar) x_0 + sqrt(1 - abar) eps, of the samples' shape.
     *
     * @param alphaProd abar of the step; must be above 0 for {@link #EPSILON}, which says nothing about x_0 in pure noise
     */
    Tensor originalSample(Tensor modelOutput, Tensor sample, float alphaProd) {
        return originalSample(modelOutput, sample, NoiseSchedules.sqrt(alphaProd), NoiseSchedules.sqrt(1 - alphaProd));
    }

    /** Returns x_0 of x_t = alpha x_0 + sigma eps. */
    Tensor originalSample(Tensor modelOutput, Tensor sample, float alpha, float sigma) {
        return switch (this) {
            case EPSILON -> Tensor.divide(Tensor.plus(sample, -sigma, modelOutput), alpha);
            case SAMPLE -> modelOutput;
            case V_PREDICTION -> Tensor.combine(alpha, sample, -sigma, modelOutput);
            case FLOW_PREDICTION -> Tensor.plus(sample, -sigma, modelOutput);
        };
    }

    /** Returns eps of x_t = sqrt(abar) x_0 + sqrt(1 - abar) eps. */
    Tensor noise(Tensor modelOutput, Tensor sample, float alphaProd) {
        return noise(modelOutput, sample, NoiseSchedules.sqrt(alphaProd), NoiseSchedules.sqrt(1 - alphaProd));
    }

    /** Returns eps of x_t = alpha x_0 + sigma eps; of a straight path, alpha = 1 - sigma. */
    Tensor noise(Tensor modelOutput, Tensor sample, float alpha, float sigma) {
        return switch (this) {
            case EPSILON -> modelOutput;
            case SAMPLE -> Tensor.divide(Tensor.plus(sample, -alpha, modelOutput), sigma);
            case V_PREDICTION -> Tensor.combine(alpha, modelOutput, sigma, sample);
            case FLOW_PREDICTION -> Tensor.plus(sample, alpha, modelOutput);
        };
    }

    /** Refuses a schedule whose noisiest step is pure noise under {@link #EPSILON}, where x_0 would be a division by zero. */
    void requireSignal(float alphaProd) {
        if (this == EPSILON && alphaProd == 0) {
            throw new IllegalArgumentException(
                    "scheduler option prediction_type is epsilon, which has no answer at the zero signal of rescale_betas_zero_snr");
        }
    }
}
