// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

/** Who makes the last steps. */
sealed interface Finish {
    /** The model itself. */
    record Alone() implements Finish {}

    /**
     * A refiner.
     *
     * @param start above 0 and below 1: the share of the noise from which on it takes over
     */
    record Refined(TextToImageModel refiner, StableDiffusionXlRefinerPipeline pipeline, double start)
            implements Finish {}
}
