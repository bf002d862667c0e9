// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.ModelDirectoryException;
import java.util.Set;

/**
 * A text-to-video folder loaded: ModelScope's layout (a {@code UNet3DConditionModel}), or AnimateDiff's with the motion modules fused into the U-Net. Its
 * VAE knows pictures only, so frames are decoded like pictures. Thread-safe; {@link #close} when no call is in progress.
 */
public final class TextToVideoModel implements LatentDiffusionModel {
    private static final int RANK = 5; // (N, C, F, h, w)
    private static final Set<NetworkInput> INPUTS =
            Set.of(NetworkInput.LATENTS, NetworkInput.TIMESTEP, NetworkInput.PROMPT_EMBEDS);

    private final ModelParts parts;
    private final DenoisingNetwork network;
    private final ClipTextEncoder textEncoder;
    private final Vae vae;
    private final Traits traits;

    private TextToVideoModel(ModelParts parts) {
        this.parts = parts;
        LatentScale scale = LatentScale.factor(ModelFiles.vaeConfig(parts.directory()), 0.18215);
        int width = parts.directory().config("unet").path("cross_attention_dim").asInt(1024);
        int channels = Vae.channels(ModelFiles.vaeConfig(parts.directory()));
        this.textEncoder = StableDiffusionModel.textEncoder(parts, width);
        this.network = StableDiffusionModel.unet(parts, RANK, INPUTS, channels, "latent_channels of the VAE", width);
        this.vae = Vae.of(parts, scale);
        this.traits = Traits.ofUnet(parts.directory(), network, scale);
    }

    /**
     * Loads the sessions, the tokenizer and the digest. The caller closes the model.
     *
     * @throws ModelDirectoryException if the folder does not fit; nothing stays open
     * @throws InferenceException if the provider is not available
     */
    public static TextToVideoModel load(ModelDirectory directory, SessionSettings settings) {
        return ModelParts.load(StableDiffusionModel.files(directory), settings, TextToVideoModel::new);
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
