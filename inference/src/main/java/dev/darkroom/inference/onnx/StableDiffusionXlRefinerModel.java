// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.ModelDirectoryException;
import java.nio.file.Path;

/**
 * A folder of SDXL's refiner, loaded: the second text encoder alone, and a U-Net that is told an aesthetic score where the base model is told
 * the target size. Checked against itself and against its own JSON. Thread-safe; {@link #close} when no call is in progress.
 */
public final class StableDiffusionXlRefinerModel implements LatentDiffusionModel {
    private final ModelParts parts;
    private final DenoisingNetwork network;
    private final ClipTextEncoder textEncoder2;
    private final Vae vae;
    private final Traits traits;
    private final boolean scored;

    private StableDiffusionXlRefinerModel(ModelParts parts) {
        this.parts = parts;
        this.textEncoder2 = ClipTextEncoder.of(parts, "text_encoder_2", "tokenizer_2")
                .requirePenultimate(parts.check("text_encoder_2"))
                .requirePooled(parts.check("text_encoder_2"));
        StableDiffusionXlModel.requireWidth(parts, "text_encoder_2", textEncoder2.width());
        this.scored =
                parts.directory().index().path("requires_aesthetics_score").asBoolean(false);
        this.network = StableDiffusionXlModel.unet(parts, scored ? 5 : 6);
        LatentScale scale =
                LatentScale.normalized(ModelFiles.vaeConfig(parts.directory()), StableDiffusionXlModel.SCALING_FACTOR);
        this.vae = Vae.of(parts, scale);
        this.traits = Traits.ofUnet(parts.directory(), network, scale);
    }

    /** As {@link #load(ModelDirectory, SessionSettings)}. */
    public static StableDiffusionXlRefinerModel load(Path folder, SessionSettings settings) {
        return load(ModelDirectory.open(folder), settings);
    }

    /**
     * Loads the sessions, the tokenizer and the digest. The caller closes the model.
     *
     * @throws ModelDirectoryException if the folder does not fit; nothing stays open
     * @throws InferenceException if the provider is not available
     */
    public static StableDiffusionXlRefinerModel load(ModelDirectory directory, SessionSettings settings) {
        ModelFiles files = ModelFiles.of(directory)
                .scheduler("scheduler")
                .graph("text_encoder_2")
                .tokenizer("tokenizer_2")
                .graph("unet")
                .vae();
        return ModelParts.load(files, settings, StableDiffusionXlRefinerModel::new);
    }

    @Override
    public ModelDirectory directory() {
        return parts.directory();
    }

    public ClipTextEncoder textEncoder2() {
        return textEncoder2;
    }

    /** Tells whether the network is told an aesthetic score. */
    public boolean scored() {
        return scored;
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
