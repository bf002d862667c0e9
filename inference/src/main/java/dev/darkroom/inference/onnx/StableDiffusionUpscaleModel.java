// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.tensor.Tensor;
import dev.darkroom.inference.tokenizer.ClipTokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A folder of diffusers' {@code StableDiffusionUpscalePipeline}, loaded: its U-Net sees latents with the small picture beside them, one
 * latent for each small pixel, and is told how much noise that picture got. Checked against itself and against its own JSON.
 * Thread-safe; {@link #close} when no call is in progress.
 */
public final class StableDiffusionUpscaleModel implements LatentDiffusionModel {
    /** Red, green and blue of the small picture, after the latents' channels. */
    public static final int IMAGE_CHANNELS = 3;

    private static final Set<String> UNET_INPUTS =
            Set.of("sample", "timestep", "encoder_hidden_states", "class_labels");

    private final LatentDiffusionNetworks networks;
    private final Traits traits;
    private final TimestepForm noiseLevel;
    private final int maxNoiseLevel;

    private StableDiffusionUpscaleModel(LatentDiffusionNetworks networks) {
        this.networks = networks;
        int channels = networks.latentChannels() + IMAGE_CHANNELS;
        // diffusers' pipeline reads every upscaler's VAE with the factor of the first one, and so does a folder that
        // does not say.
        this.traits = networks.check(
                channels, "latent_channels of the VAE and the picture's " + IMAGE_CHANNELS, UNET_INPUTS, 0.08333);
        GraphCheck unet = new GraphCheck("unet", networks.unet());
        this.noiseLevel = TimestepForm.of(
                unet.input("class_labels", GraphCheck.INTEGERS, 0, 1), unet.input("sample", GraphCheck.FLOATS, 4));
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
        return LatentDiffusionNetworks.load(
                directory, settings, List.of("scheduler", "low_res_scheduler"), StableDiffusionUpscaleModel::new);
    }

    @Override
    public ModelDirectory directory() {
        return networks.directory();
    }

    @Override
    public ClipTokenizer tokenizer() {
        return networks.tokenizer();
    }

    @Override
    public Traits traits() {
        return traits;
    }

    @Override
    public Fingerprint fingerprint() {
        return networks.fingerprint();
    }

    /** Returns the most noise that the small picture may get, as a time step of the folder's {@code low_res_scheduler}. */
    public int maxNoiseLevel() {
        return maxNoiseLevel;
    }

    @Override
    public Tensor encode(Tensor ids, Cancellation cancellation) {
        return networks.encode(ids, cancellation);
    }

    /**
     * Returns the U-Net's prediction (N, C, h, w) for latents and small pictures (N, C + 3, h, w) under embeddings (N, L, D).
     *
     * @param timesteps one per row; all equal unless {@link Traits#timestep} is {@link TimestepForm#PER_ROW}
     * @param noiseLevels one per row, 0 to {@link #maxNoiseLevel}; all equal unless the graph takes one per row
     */
    public Tensor denoise(
            Tensor sample, float[] timesteps, Tensor embeddings, float[] noiseLevels, Cancellation cancellation) {
        int rows = sample.dim(0);
        Map<String, Tensor> inputs = Map.of(
                "sample",
                sample,
                "timestep",
                traits.timestep().tensor("time step", timesteps, rows),
                "encoder_hidden_states",
                embeddings,
                "class_labels",
                noiseLevel.tensor("noise level", noiseLevels, rows));
        return networks.denoise(inputs, cancellation);
    }

    @Override
    public Tensor decode(Tensor latents, Cancellation cancellation) {
        return networks.decode(latents, cancellation);
    }

    @Override
    public void close() {
        networks.close();
    }
}
