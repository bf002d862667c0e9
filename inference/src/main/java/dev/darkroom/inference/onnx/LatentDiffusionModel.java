// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.tensor.Tensor;

/**
 * What every loaded latent diffusion folder has: a network that denoises and a VAE, with their calls under one set of names whatever the
 * export's dialect. How a prompt becomes what the network is told differs from kind to kind. Thread-safe; {@link #close} when no call is in
 * progress.
 *
 * <p>N is the batch size, L the text window, D the embedding width, C the latent channels, h and w the latent size.
 */
public sealed interface LatentDiffusionModel extends AutoCloseable
        permits StableDiffusionModel,
                PixArtModel,
                StableDiffusionXlModel,
                StableDiffusionXlRefinerModel,
                StableDiffusionUpscaleModel,
                TextToVideoModel {
    /**
     * What the folder says about shapes.
     *
     * @param latentSize height and width of the latents that the network was trained on
     * @param sizeMultiple what the sides of its latents are multiples of, so that every level of a U-Net can halve them, or a
     *     transformer cut them into patches
     * @param vaeScaleFactor pixels per latent in each direction
     * @param scalingFactor what decoded latents are divided by first
     * @param embeddingWidth D
     */
    record Traits(
            int latentChannels,
            int latentSize,
            int sizeMultiple,
            int vaeScaleFactor,
            float scalingFactor,
            int embeddingWidth,
            TimestepForm timestep) {

        /** Reads what is the same for every U-Net. */
        static Traits ofUnet(ModelDirectory directory, DenoisingNetwork network, LatentScale scale) {
            JsonNode unet = directory.config("unet");
            JsonNode vae = ModelFiles.vaeConfig(directory);
            return new Traits(
                    Vae.channels(vae),
                    size(unet.path("sample_size")),
                    halvings(unet),
                    halvings(vae),
                    scale.factor(),
                    unet.path("cross_attention_dim").asInt(768),
                    network.timestep());
        }

        /** A number, or height and width. */
        private static int size(JsonNode size) {
            return size.isArray() ? size.path(0).asInt(64) : size.asInt(64);
        }

        /** Each block but the last halves its input. */
        static int halvings(JsonNode config) {
            return 1 << Math.max(0, config.path("block_out_channels").size() - 1);
        }
    }

    ModelDirectory directory();

    Traits traits();

    Fingerprint fingerprint();

    /** Returns the U-Net or transformer. */
    DenoisingNetwork network();

    Vae vae();

    /** Returns how wide the guidance embedding is that the network takes; 0 if it takes none. Reads the configuration. */
    default int guidanceWidth() {
        return network().takes(NetworkInput.GUIDANCE_EMBEDDING)
                ? directory().config("unet").path("time_cond_proj_dim").asInt()
                : 0;
    }

    /** Returns the picture (N, 3, H, W), nominally in [-1, 1], of latents (N, C, h, w) as the network has them. */
    default Tensor decode(Tensor latents, Cancellation cancellation) {
        return vae().decode(latents, cancellation);
    }

    @Override
    void close();
}
