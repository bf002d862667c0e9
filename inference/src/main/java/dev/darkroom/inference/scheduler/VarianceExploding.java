// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;

/**
 * Samples written as x = x_0 + sigma eps, the variance exploding form of Song et al. 2021 (arXiv:2011.13456) that Karras et al. 2022
 * (arXiv:2206.00364) compute in. The network was trained on x / sqrt(sigma^2 + 1).
 */
final class VarianceExploding {
    private VarianceExploding() {}

    /** Returns what the network sees of {@code latents}. */
    static Tensor modelInput(Tensor latents, float sigma) {
        return Tensor.divide(latents, NoiseSchedules.sqrt(sigma * sigma + 1));
    }

    static Tensor addNoise(Tensor original, Tensor noise, float sigma) {
        return Tensor.plus(original, sigma, noise);
    }

    /** Returns x_0. */
    static Tensor originalSample(PredictionType type, Tensor modelOutput, Tensor latents, float sigma) {
        float variance = sigma * sigma + 1;
        return switch (type) {
            case EPSILON, FLOW_PREDICTION -> Tensor.plus(latents, -sigma, modelOutput);
            case SAMPLE -> modelOutput;
            case V_PREDICTION ->
                Tensor.plus(Tensor.divide(latents, variance), -sigma / NoiseSchedules.sqrt(variance), modelOutput);
        };
    }

    /** Returns the slope dx/dsigma of the probability flow at a sample whose clean version is {@code original}. */
    static Tensor derivative(Tensor latents, Tensor original, float sigma) {
        return Tensor.divide(Tensor.minus(latents, original), sigma);
    }

    /** Returns the deviation of the first latents: the largest of {@code sigmas}, and the picture's own where the end is left out. */
    static float initNoiseSigma(float[] sigmas, TimestepSpacing spacing) {
        float max = 0;
        for (float sigma : sigmas) {
            max = Math.max(max, sigma);
        }
        return spacing == TimestepSpacing.LEADING ? NoiseSchedules.sqrt(max * max + 1) : max;
    }

    /** Returns the deviation of the fresh noise of an ancestral step. */
    static float up(float from, float to) {
        return NoiseSchedules.sqrt(to * to * (from * from - to * to) / (from * from));
    }

    /** Returns the level that an ancestral step goes down to before {@link #up}. */
    static float down(float to, float up) {
        return NoiseSchedules.sqrt(to * to - up * up);
    }
}
