// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.diffusion.LoopState;
import dev.darkroom.inference.image.RgbImage;

/** What a pipeline tells while it works. */
sealed interface GenerationEvent {
    /** A part of the work began. */
    record StageStarted(String stage) implements GenerationEvent {}

    /**
     * A denoising step ended.
     *
     * @param stage of the loop
     * @param step from 1
     * @param etaMillis predicted time to the last picture
     * @param state after the step, with latents (N, C, h, w)
     */
    record StepCompleted(String stage, int step, int numInferenceSteps, long etaMillis, LoopState state)
            implements GenerationEvent {}

    /**
     * What a picture would be if the network were right by now.
     *
     * @param index of the picture, from 0
     * @param step from 1
     */
    record Preview(int index, int step, RgbImage image) implements GenerationEvent {}

    /** The request is served, but not quite as it may be meant. {@code message} may quote the prompt. */
    record Warning(String reason, String message) implements GenerationEvent {}
}
