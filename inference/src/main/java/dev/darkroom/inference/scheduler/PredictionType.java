// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;

/** What a network's output means: the noise, the clean sample, or the velocity of Salimans and Ho 2022 (arXiv:2202.00512). */
enum PredictionType {
    EPSILON,
    SAMPLE,
    V_PREDICTION;

    /**
     * Returns x_0 of x_t = sqrt(abar) x_0 + sqrt(1 - abar) eps, of the samples' shape.
     *
     * @param alphaProd abar of the step; must be above 0 for {@link #EPSILON}, which says nothing about x_0 in pure noise
     */
    Tensor originalSample(Tensor modelOutput, Tensor sample, float alphaProd) {
        float sqrtAlpha = NoiseSchedules.sqrt(alphaProd);
        float sqrtBeta = NoiseSchedules.sqrt(1 - alphaProd);
        return switch (this) {
            case EPSILON -> Tensor.divide(Tensor.combine(1, sample, -sqrtBeta, modelOutput), sqrtAlpha);
            case SAMPLE -> modelOutput;
            case V_PREDICTION -> Tensor.combine(sqrtAlpha, sample, -sqrtBeta, modelOutput);
        };
    }

    /** Returns eps of the same equation. */
    Tensor noise(Tensor modelOutput, Tensor sample, float alphaProd) {
        float sqrtAlpha = NoiseSchedules.sqrt(alphaProd);
        float sqrtBeta = NoiseSchedules.sqrt(1 - alphaProd);
        return switch (this) {
            case EPSILON -> modelOutput;
            case SAMPLE -> Tensor.divide(Tensor.combine(1, sample, -sqrtAlpha, modelOutput), sqrtBeta);
            case V_PREDICTION -> Tensor.combine(sqrtAlpha, modelOutput, sqrtBeta, sample);
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
