// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.tensor.Tensor;

/**
 * The guidance scale as a network takes it that was distilled with guidance, section 4.3 of Luo et al. 2023 (arXiv:2310.04378): sines and
 * cosines of 1000 (scale - 1) at falling frequencies. Numerically equal to diffusers' {@code get_guidance_scale_embedding}.
 */
public final class GuidanceEmbedding {
    private GuidanceEmbedding() {}

    /** Returns (1, width); the last value is 0 where the width is odd. */
    public static Tensor of(float scale, int width) {
        int half = width / 2;
        float w = (scale - 1) * 1000f;
        float slope = (float) Math.log(10000) / (half - 1);
        float[] embedding = new float[width];
        for (int i = 0; i < half; i++) {
            float angle = w * (float) Math.exp(i * -slope);
            embedding[i] = (float) Math.sin(angle);
            embedding[half + i] = (float) Math.cos(angle);
        }
        return Tensor.of(embedding, 1, width);
    }
}
