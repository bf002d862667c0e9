// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.scheduler.SchedulerType;

/**
 * What an upscaler is to do, no default left open.
 *
 * @param image the small picture
 * @param prompt what it shows; may be empty
 * @param noiseLevel timestep of the model's low_res_scheduler, 0 to its {@code maxNoiseLevel}
 */
public record Upscaling(
        RgbImage image,
        String prompt,
        int numInferenceSteps,
        Guidance guidance,
        SchedulerType scheduler,
        int noiseLevel,
        long seed) {
    /** Leaves the prompt out, which must not reach a log. */
    @Override
    public String toString() {
        return "Upscaling[image=" + image + ", seed=" + seed + "]";
    }
}
