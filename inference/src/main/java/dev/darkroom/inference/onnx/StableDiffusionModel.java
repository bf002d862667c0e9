// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

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
 * A Stable Diffusion folder, loaded: checked against itself and against its own JSON. Thread-safe; {@link #close} when no call is in
 * progress.
 */
public final class StableDiffusionModel implements LatentDiffusionModel {
    private static final Set<String> UNET_INPUTS = Set.of("sample", "timestep", "encoder_hidden_states");

    private final LatentDiffusionNetworks networks;
    private final Traits traits;

    private StableDiffusionModel(LatentDiffusionNetworks networks) {
        this.networks = networks;
        this.traits = networks.check(networks.latentChannels(), "latent_channels of the VAE", UNET_INPUTS, 0.18215);
    }

    /** As {@link #load(ModelDirectory, SessionSettings)}. */
    public static StableDiffusionModel load(Path folder, SessionSettings settings) {
        return load(ModelDirectory.open(folder), settings);
    }

    /**
     * Loads the three sessions, the tokenizer and the digest side by side. The caller closes the model.
     *
     * @throws ModelDirectoryException if the folder does not fit; nothing stays open
     * @throws InferenceException if the provider is not available
     */
    public static StableDiffusionModel load(ModelDirectory directory, SessionSettings settings) {
        return LatentDiffusionNetworks.load(directory, settings, List.of("scheduler"), StableDiffusionModel::new);
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

    @Override
    public Tensor encode(Tensor ids, Cancellation cancellation) {
        return networks.encode(ids, cancellation);
    }

    /**
     * Returns the U-Net's prediction (N, C, h, w) for latents (N, C, h, w) under embeddings (N, L, D).
     *
     * @param timesteps one per row; all equal unless {@link Traits#timestep} is {@link TimestepForm#PER_ROW}
     */
    public Tensor denoise(Tensor latents, float[] timesteps, Tensor embeddings, Cancellation cancellation) {
        Map<String, Tensor> inputs = Map.of(
                "sample", latents,
                "timestep", traits.timestep().tensor("time step", timesteps, latents.dim(0)),
                "encoder_hidden_states", embeddings);
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
