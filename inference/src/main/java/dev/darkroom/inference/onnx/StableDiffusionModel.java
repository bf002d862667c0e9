// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.ModelDirectoryException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;

/**
 * A Stable Diffusion 1 or 2 folder, or one of a latent consistency model, loaded: checked against itself and against its own JSON.
 * Thread-safe; {@link #close} when no call is in progress.
 */
public final class StableDiffusionModel implements LatentDiffusionModel {
    static final Set<NetworkInput> INPUTS =
            Set.of(NetworkInput.LATENTS, NetworkInput.TIMESTEP, NetworkInput.PROMPT_EMBEDS);

    private final ModelParts parts;
    private final DenoisingNetwork network;
    private final ClipTextEncoder textEncoder;
    private final Vae vae;
    private final Traits traits;

    private StableDiffusionModel(ModelParts parts) {
        this.parts = parts;
        LatentScale scale = LatentScale.factor(ModelFiles.vaeConfig(parts.directory()), 0.18215);
        int width = parts.directory().config("unet").path("cross_attention_dim").asInt(768);
        this.textEncoder = textEncoder(parts, width);
        this.network = unet(parts, INPUTS, width);
        this.vae = Vae.of(parts, scale);
        this.traits = Traits.ofUnet(parts.directory(), network, scale);
    }

    static ClipTextEncoder textEncoder(ModelParts parts, int width) {
        return ClipTextEncoder.of(parts, "text_encoder", "tokenizer")
                .requireLast(parts.check("text_encoder"), width, "cross_attention_dim of the U-Net");
    }

    /** Binds a U-Net whose latents have the VAE's channels; what its configuration adds to {@code inputs} it must have too. */
    static DenoisingNetwork unet(ModelParts parts, Set<NetworkInput> inputs, int width) {
        JsonNode config = parts.directory().config("unet");
        Set<NetworkInput> expected = EnumSet.copyOf(inputs);
        int guidance = config.path("time_cond_proj_dim").asInt(0);
        if (guidance > 0) {
            expected.add(NetworkInput.GUIDANCE_EMBEDDING);
        }
        int channels = Vae.channels(ModelFiles.vaeConfig(parts.directory()));
        DenoisingNetwork network = unet(parts, expected, channels, "latent_channels of the VAE", width);
        if (guidance > 0) {
            TensorSpec embedding = network.input(NetworkInput.GUIDANCE_EMBEDDING);
            parts.check("unet").dimension(embedding, 1, guidance, "time_cond_proj_dim of the U-Net");
        }
        return network;
    }

    /**
     * Binds a U-Net.
     *
     * @param sampleChannels what its {@code sample} has
     * @param reason why, for the message
     */
    static DenoisingNetwork unet(
            ModelParts parts, Set<NetworkInput> expected, int sampleChannels, String reason, int width) {
        return unet(parts, 4, expected, sampleChannels, reason, width);
    }

    /**
     * As the other one.
     *
     * @param rank of its latents: 4, or 5 of a video
     */
    static DenoisingNetwork unet(
            ModelParts parts, int rank, Set<NetworkInput> expected, int sampleChannels, String reason, int width) {
        GraphCheck check = parts.check("unet");
        int channels = Vae.channels(ModelFiles.vaeConfig(parts.directory()));
        DenoisingNetwork network = DenoisingNetwork.of(check, rank, expected, sampleChannels, reason, channels);
        check.dimension(network.input(NetworkInput.PROMPT_EMBEDS), 2, width, "cross_attention_dim of the U-Net");
        check.dimension(network.output(), 1, channels, "latent_channels of the VAE");
        return network;
    }

    /** As {@link #load(ModelDirectory, SessionSettings)}. */
    public static StableDiffusionModel load(Path folder, SessionSettings settings) {
        return load(ModelDirectory.open(folder), settings);
    }

    /**
     * Loads the sessions, the tokenizer and the digest. The caller closes the model.
     *
     * @throws ModelDirectoryException if the folder does not fit; nothing stays open
     * @throws InferenceException if the provider is not available
     */
    public static StableDiffusionModel load(ModelDirectory directory, SessionSettings settings) {
        return ModelParts.load(files(directory), settings, StableDiffusionModel::new);
    }

    static ModelFiles files(ModelDirectory directory) {
        return ModelFiles.of(directory)
                .scheduler("scheduler")
                .graph("text_encoder")
                .tokenizer("tokenizer")
                .graph("unet")
                .vae();
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
