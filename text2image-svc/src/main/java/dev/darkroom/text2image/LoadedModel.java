// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

/** A model folder, loaded. Thread-safe; {@link #close} only when no request is in progress. */
sealed interface LoadedModel extends AutoCloseable permits TextToImageModel, UpscalerModel {
    /** What it is called in messages: "model" or "upscaler". */
    String kind();

    ModelFolder folder();

    /** Most rows in one network call. */
    int rowsPerCall();

    @Override
    void close();
}
