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
 * A PixArt folder, loaded: T5's encoder and a diffusion transformer that is told which tokens are padding. Checked against itself and
 * against its own JSON. Thread-safe; {@link #close} when no call is in progress.
 */
public final class PixArtModel implements LatentDiffusionModel {
    private static final Set<NetworkInput> INPUTS =
            Set.of(NetworkInput.LATENTS, NetworkInput.TIMESTEP, NetworkInput.PROMPT_EMBEDS, NetworkInput.PROMPT_MASK);

    private final ModelParts parts;
    private final DenoisingNetwork network;
    private final T5TextEncoder textEncoder;
    private final Vae vae;
    private final Traits traits;

    private PixArtModel(ModelParts parts, int maxSequenceLength) {
        this.parts = parts;
        JsonNode config = parts.directory().config("transformer");
        int width = config.path("caption_channels").isInt()
                ? config.path("caption_channels").intValue()
                : config.path("cross_attention_dim").asInt(1152);
        this.textEncoder = T5TextEncoder.of(parts, "text_encoder", "tokenizer", maxSequenceLength, width);
        this.network = transformer(parts, config, width);
        LatentScale scale = LatentScale.factor(ModelFiles.vaeConfig(parts.directory()), 0.18215);
        this.vae = Vae.of(parts, scale);
        this.traits = new Traits(
                Vae.channels(ModelFiles.vaeConfig(parts.directory())),
                config.path("sample_size").asInt(128),
                config.path("patch_size").asInt(2),
                Traits.halvings(ModelFiles.vaeConfig(parts.directory())),
                scale.factor(),
                width,
                network.timestep());
    }

    private static DenoisingNetwork transformer(ModelParts parts, JsonNode config, int width) {
        Set<NetworkInput> expected = EnumSet.copyOf(INPUTS);
        if (takesSizes(config)) {
            expected.addAll(Set.of(NetworkInput.RESOLUTION, NetworkInput.ASPECT_RATIO));
        }
        GraphCheck check = parts.check("transformer");
        int channels = Vae.channels(ModelFiles.vaeConfig(parts.directory()));
        DenoisingNetwork network =
                DenoisingNetwork.of(check, 4, expected, channels, "latent_channels of the VAE", channels);
        check.dimension(network.input(NetworkInput.PROMPT_EMBEDS), 2, width, "caption_channels of the transformer");
        int out = config.path("out_channels").asInt(channels);
        if (out != channels && out != 2 * channels) {
            throw new ModelDirectoryException(
                    "transformer",
                    "out_channels",
                    channels + ", or twice as many with the learned variance",
                    Integer.toString(out));
        }
        check.dimension(network.output(), 1, out, "out_channels of the transformer");
        return network;
    }

    /** The class's own rule where the configuration does not say. */
    private static boolean takesSizes(JsonNode config) {
        JsonNode said = config.path("use_additional_conditions");
        return said.isBoolean()
                ? said.booleanValue()
                : config.path("sample_size").asInt(128) == 128;
    }

    /** As {@link #load(ModelDirectory, int, SessionSettings)}. */
    public static PixArtModel load(Path folder, int maxSequenceLength, SessionSettings settings) {
        return load(ModelDirectory.open(folder), maxSequenceLength, settings);
    }

    /**
     * Loads the sessions, the tokenizer and the digest. The caller closes the model.
     *
     * @param maxSequenceLength longest window of the text encoder; the tokenizer's own may be shorter
     * @throws ModelDirectoryException if the folder does not fit; nothing stays open
     * @throws InferenceException if the provider is not available
     */
    public static PixArtModel load(ModelDirectory directory, int maxSequenceLength, SessionSettings settings) {
        ModelFiles files = ModelFiles.of(directory)
                .scheduler("scheduler")
                .graph("text_encoder")
                .tokenizer("tokenizer")
                .graph("transformer")
                .vae();
        return ModelParts.load(files, settings, parts -> new PixArtModel(parts, maxSequenceLength));
    }

    @Override
    public ModelDirectory directory() {
        return parts.directory();
    }

    public T5TextEncoder textEncoder() {
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
