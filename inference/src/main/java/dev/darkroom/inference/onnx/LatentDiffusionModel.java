// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.tensor.Tensor;
import dev.darkroom.inference.tokenizer.ClipTokenizer;

/**
 * What every loaded latent diffusion folder has around its U-Net: text encoder, VAE decoder and tokenizer, with their calls under one
 * set of names whatever the export's dialect. Thread-safe; {@link #close} when no call is in progress.
 *
 * <p>N is the batch size, L the text window, D the embedding width, C the latent channels, h and w the latent size.
 */
public sealed interface LatentDiffusionModel extends AutoCloseable
        permits StableDiffusionModel, StableDiffusionUpscaleModel {
    /**
     * What the folder says about shapes.
     *
     * @param latentSize height and width of the latents that the U-Net was trained on
     * @param sizeMultiple what the sides of its latents are multiples of, so that every level of the U-Net can halve them
     * @param vaeScaleFactor pixels per latent in each direction
     * @param scalingFactor what decoded latents are divided by first
     */
    record Traits(
            int latentChannels,
            int latentSize,
            int sizeMultiple,
            int vaeScaleFactor,
            float scalingFactor,
            int embeddingWidth,
            TimestepForm timestep) {}

    ModelDirectory directory();

    ClipTokenizer tokenizer();

    Traits traits();

    Fingerprint fingerprint();

    /** Returns the text embeddings (N, L, D) of token ids (N, L). */
    Tensor encode(Tensor ids, Cancellation cancellation);

    /**
     * Returns the picture (N, 3, H, W), nominally in [-1, 1], of latents (N, C, h, w) that were divided by
     * {@link Traits#scalingFactor}.
     */
    Tensor decode(Tensor latents, Cancellation cancellation);

    @Override
    void close();
}
