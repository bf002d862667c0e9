// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.diffusion.Denoiser;

/** A model folder, loaded. Thread-safe; {@link #close} only when no request is in progress. */
sealed interface LoadedModel extends AutoCloseable permits TextToImageModel, UpscalerModel {
    /** What it is called in messages: "model" or "upscaler". */
    String kind();

    ModelFolder folder();

    /** How its denoising network is called. */
    Denoiser denoiser();

    /** Times that network, while nothing else runs. */
    void tune(int mostLanes);

    @Override
    void close();
}
