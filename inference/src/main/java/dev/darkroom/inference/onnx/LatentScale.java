// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.tensor.Tensor;

/**
 * How latents differ between a VAE and the network that denoises them: {@code (x - mean) * factor / deviation} of each channel. Immutable.
 *
 * @param factor {@code scaling_factor} of the VAE's configuration
 * @param means {@code latents_mean}, one for each channel; empty where there is none
 * @param deviations {@code latents_std}, likewise
 */
record LatentScale(float factor, Tensor means, Tensor deviations) {
    /** Reads the factor alone, as the pipelines of Stable Diffusion, LCM and PixArt do. */
    static LatentScale factor(JsonNode vaeConfig, double otherwise) {
        float factor = (float) vaeConfig.path("scaling_factor").asDouble(otherwise);
        return new LatentScale(factor, Tensor.zeros(0), Tensor.zeros(0));
    }

    /** Reads factor, means and deviations, as the pipelines of SDXL do; the last two count only together. */
    static LatentScale normalized(JsonNode vaeConfig, double otherwise) {
        JsonNode means = vaeConfig.path("latents_mean");
        JsonNode deviations = vaeConfig.path("latents_std");
        LatentScale factor = factor(vaeConfig, otherwise);
        return means.isArray() && deviations.isArray()
                ? new LatentScale(
                        factor.factor,
                        values("latents_mean", means, vaeConfig),
                        values("latents_std", deviations, vaeConfig))
                : factor;
    }

    private static Tensor values(String key, JsonNode array, JsonNode vaeConfig) {
        float[] values = new float[array.size()];
        if (values.length != Vae.channels(vaeConfig)) {
            throw new ModelDirectoryException(
                    "vae", key, Vae.channels(vaeConfig) + " numbers (latent_channels)", values.length + " numbers");
        }
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) array.get(i).doubleValue();
        }
        return Tensor.of(values, values.length);
    }

    Tensor toVae(Tensor latents) {
        if (means.size() == 0) {
            return Tensor.divide(latents, factor);
        }
        return perChannel(latents, (x, channel) -> x * deviations.data()[channel] / factor + means.data()[channel]);
    }

    Tensor fromVae(Tensor latents) {
        if (means.size() == 0) {
            return Tensor.scale(factor, latents);
        }
        return perChannel(
                latents,
                (x, channel) ->
                        (x - means.data()[channel]) * factor / deviations.data()[channel]);
    }

    @FunctionalInterface
    private interface ChannelFunction {
        float apply(float x, int channel);
    }

    /** Maps (N, C, h, w). */
    private Tensor perChannel(Tensor latents, ChannelFunction function) {
        int plane = latents.dim(2) * latents.dim(3);
        float[] mapped = new float[latents.size()];
        for (int i = 0; i < mapped.length; i++) {
            mapped[i] = function.apply(latents.data()[i], i / plane % means.size());
        }
        return Tensor.of(mapped, latents.shape());
    }
}
