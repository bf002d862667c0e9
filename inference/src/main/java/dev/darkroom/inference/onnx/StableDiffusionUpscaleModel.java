// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.ModelDirectoryException;
import java.nio.file.Path;
import java.util.Set;

/**
 * A folder of diffusers' {@code StableDiffusionUpscalePipeline}, loaded: its U-Net sees latents with the small picture beside them, one
 * latent for each small pixel, and is told how much noise that picture got. Checked against itself and against its own JSON.
 * Thread-safe; {@link #close} when no call is in progress.
 */
public final class StableDiffusionUpscaleModel implements LatentDiffusionModel {
    /** Red, green and blue of the small picture, after the latents' channels. */
    public static final int IMAGE_CHANNELS = 3;

    private static final Set<NetworkInput> INPUTS =
            Set.of(NetworkInput.LATENTS, NetworkInput.TIMESTEP, NetworkInput.PROMPT_EMBEDS, NetworkInput.NOISE_LEVEL);

    private final ModelParts parts;
    private final DenoisingNetwork network;
    private final ClipTextEncoder textEncoder;
    private final Vae vae;
    private final Traits traits;
    private final int maxNoiseLevel;

    private StableDiffusionUpscaleModel(ModelParts parts) {
        this.parts = parts;
        // diffusers' pipeline reads every upscaler's VAE with the factor of the first one, and so does a folder that
        // does not say.
        LatentScale scale = LatentScale.factor(ModelFiles.vaeConfig(parts.directory()), 0.08333);
        int width = directory().config("unet").path("cross_attention_dim").asInt(768);
        int channels = Vae.channels(ModelFiles.vaeConfig(parts.directory())) + IMAGE_CHANNELS;
        String reason = "latent_channels of the VAE and the picture's " + IMAGE_CHANNELS;
        this.textEncoder = StableDiffusionModel.textEncoder(parts, width);
        this.network = StableDiffusionModel.unet(parts, INPUTS, channels, reason, width);
        this.vae = Vae.of(parts, scale);
        this.traits = Traits.ofUnet(parts.directory(), network, scale);
        this.maxNoiseLevel = directory().index().path("max_noise_level").asInt(350);
        checkNoiseLevels(directory().config("unet"), channels);
    }

    private void checkNoiseLevels(JsonNode unet, int channels) {
        require(unet.path("in_channels").asInt(channels) == channels, "unet", "in_channels", channels, unet);
        String above = "above max_noise_level " + maxNoiseLevel;
        int labels = unet.path("num_class_embeds").asInt(Integer.MAX_VALUE);
        require(labels > maxNoiseLevel, "unet", "num_class_embeds", above, unet);
        JsonNode lowRes = directory().schedulerConfig("low_res_scheduler");
        int timesteps = lowRes.path("num_train_timesteps").asInt(1000);
        require(timesteps > maxNoiseLevel, "low_res_scheduler", "num_train_timesteps", above, lowRes);
    }

    private static void require(boolean fits, String component, String key, Object expected, JsonNode config) {
        if (!fits) {
            throw new ModelDirectoryException(
                    component, key, expected.toString(), config.path(key).toString());
        }
    }

    /** As {@link #load(ModelDirectory, SessionSettings)}. */
    public static StableDiffusionUpscaleModel load(Path folder, SessionSettings settings) {
        return load(ModelDirectory.open(folder), settings);
    }

    /**
     * Loads the three sessions, the tokenizer and the digest side by side. The caller closes the model.
     *
     * @throws ModelDirectoryException if the folder does not fit; nothing stays open
     * @throws InferenceException if the provider is not available
     */
    public static StableDiffusionUpscaleModel load(ModelDirectory directory, SessionSettings settings) {
        return ModelParts.load(
                StableDiffusionModel.files(directory).scheduler("low_res_scheduler"),
                settings,
                StableDiffusionUpscaleModel::new);
    }

    @Override
    public ModelDirectory directory() {
        return parts.directory();
    }

    public ClipTextEncoder textEncoder() {
        return textEncoder;
    }

    @Override
    public Traits traits() {
        return traits;
    }

    @Override
    public Fingerprint fingerprint() {
        return parts.fingerprint();
    }

    /** Returns the most noise that the small picture may get, as a time step of the folder's {@code low_res_scheduler}. */
    public int maxNoiseLevel() {
        return maxNoiseLevel;
    }

    @Override
    public DenoisingNetwork network() {
        return network;
    }

    @Override
    public Vae vae() {
        return vae;
    }

    @Override
    public void close() {
        parts.close();
    }
}
