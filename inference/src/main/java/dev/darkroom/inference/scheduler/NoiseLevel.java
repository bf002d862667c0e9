// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;

/**
 * A noise level in the terms that exponential integrators use, x = alpha x_0 + sigma eps. Arithmetic is float32, as in torch.
 *
 * @param ratio sigma / alpha, or sigma itself on a straight path
 * @param lambda log(alpha / sigma), infinite without noise
 */
record NoiseLevel(float ratio, float alpha, float sigma, float lambda) {
    /** Returns the level of a sample that keeps its variance. */
    static NoiseLevel ofRatio(float ratio) {
        float alpha = 1 / NoiseSchedules.sqrt(ratio * ratio + 1);
        return of(ratio, alpha, ratio * alpha);
    }

    /** Returns the level on a straight path from the picture to the noise. */
    static NoiseLevel ofFlow(float sigma) {
        return of(sigma, 1 - sigma, sigma);
    }

    private static NoiseLevel of(float ratio, float alpha, float sigma) {
        return new NoiseLevel(ratio, alpha, sigma, (float) Math.log(alpha) - (float) Math.log(sigma));
    }

    Tensor addNoise(Tensor original, Tensor noise) {
        return Tensor.combine(alpha, original, sigma, noise);
    }

    /** Returns x_0. */
    Tensor originalSample(PredictionType type, Tensor modelOutput, Tensor latents) {
        return type.originalSample(modelOutput, latents, alpha, type == PredictionType.FLOW_PREDICTION ? ratio : sigma);
    }

    /** Returns eps. */
    Tensor noise(PredictionType type, Tensor modelOutput, Tensor latents) {
        return type.noise(modelOutput, latents, alpha, sigma);
    }
}
