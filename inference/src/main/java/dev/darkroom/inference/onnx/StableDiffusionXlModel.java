// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.ModelDirectoryException;
import java.nio.file.Path;
import java.util.Set;

/**
 * An SDXL folder, loaded: two text encoders, whose states stand side by side, and a U-Net that is told picture sizes. Checked against itself
 * and against its own JSON. Thread-safe; {@link #close} when no call is in progress.
 */
public final class StableDiffusionXlModel implements LatentDiffusionModel {
    static final Set<NetworkInput> INPUTS = Set.of(
            NetworkInput.LATENTS,
            NetworkInput.TIMESTEP,
            NetworkInput.PROMPT_EMBEDS,
            NetworkInput.POOLED_PROMPT_EMBEDS,
            NetworkInput.TIME_IDS);
    static final double SCALING_FACTOR = 0.18215; // AutoencoderKL's; SDXL's own folders say 0.13025

    private final ModelParts parts;
    private final DenoisingNetwork network;
    private final ClipTextEncoder textEncoder;
    private final ClipTextEncoder textEncoder2;
    private final Vae vae;
    private final Traits traits;

    private StableDiffusionXlModel(ModelParts parts) {
        this.parts = parts;
        this.textEncoder =
                ClipTextEncoder.of(parts, "text_encoder", "tokenizer").requirePenultimate(parts.check("text_encoder"));
        this.textEncoder2 = ClipTextEncoder.of(parts, "text_encoder_2", "tokenizer_2")
                .requirePenultimate(parts.check("text_encoder_2"))
                .requirePooled(parts.check("text_encoder_2"));
        requireWidth(parts, "text_encoder", textEncoder.width() + textEncoder2.width());
        this.network = unet(parts, 6);
        LatentScale scale = LatentScale.normalized(ModelFiles.vaeConfig(parts.directory()), SCALING_FACTOR);
        this.vae = Vae.of(parts, scale);
        this.traits = Traits.ofUnet(parts.directory(), network, scale);
    }

    /** Refuses encoders whose states together are not what the U-Net attends to. */
    static void requireWidth(ModelParts parts, String component, int found) {
        int width = parts.directory().config("unet").path("cross_attention_dim").asInt(768);
        if (found != width) {
            throw new ModelDirectoryException(
                    component,
                    "hidden_size, of all encoders",
                    width + " (cross_attention_dim of the U-Net)",
                    Integer.toString(found));
        }
    }

    /**
     * Binds SDXL's U-Net.
     *
     * @param timeIds how many numbers it is told of a picture
     */
    static DenoisingNetwork unet(ModelParts parts, int timeIds) {
        var config = parts.directory().config("unet");
        int projection = parts.directory()
                .config("text_encoder_2")
                .path("projection_dim")
                .asInt(512);
        DenoisingNetwork network = StableDiffusionModel.unet(
                parts, INPUTS, config.path("cross_attention_dim").asInt(768));
        GraphCheck check = parts.check("unet");
        check.dimension(
                network.input(NetworkInput.POOLED_PROMPT_EMBEDS), 1, projection, "projection_dim of text_encoder_2");
        check.dimension(
                network.input(NetworkInput.TIME_IDS), 1, timeIds, "sizes, and requires_aesthetics_score of the folder");
        int told = projection + timeIds * config.path("addition_time_embed_dim").asInt(256);
        int expected = config.path("projection_class_embeddings_input_dim").asInt(told);
        if (told != expected) { // diffusers refuses it in these terms
            throw new ModelDirectoryException(
                    "unet",
                    "projection_class_embeddings_input_dim",
                    told + " (projection_dim and " + timeIds + " time ids)",
                    Integer.toString(expected));
        }
        return network;
    }

    /** As {@link #load(ModelDirectory, SessionSettings)}. */
    public static StableDiffusionXlModel load(Path folder, SessionSettings settings) {
        return load(ModelDirectory.open(folder), settings);
    }

    /**
     * Loads the sessions, the tokenizers and the digest. The caller closes the model.
     *
     * @throws ModelDirectoryException if the folder does not fit; nothing stays open
     * @throws InferenceException if the provider is not available
     */
    public static StableDiffusionXlModel load(ModelDirectory directory, SessionSettings settings) {
        ModelFiles files = ModelFiles.of(directory)
                .scheduler("scheduler")
                .graph("text_encoder")
                .tokenizer("tokenizer")
                .graph("text_encoder_2")
                .tokenizer("tokenizer_2")
                .graph("unet")
                .vae();
        return ModelParts.load(files, settings, StableDiffusionXlModel::new);
    }

    @Override
    public ModelDirectory directory() {
        return parts.directory();
    }

    public ClipTextEncoder textEncoder() {
        return textEncoder;
    }

    /** Returns the encoder that also gives the pooled embedding. */
    public ClipTextEncoder textEncoder2() {
        return textEncoder2;
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
