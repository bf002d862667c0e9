// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.diffusion.Guidance;
import dev.darkroom.inference.diffusion.Upscaling;
import dev.darkroom.inference.image.ImageDecoder;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.image.UnreadableImageException;
import dev.darkroom.inference.scheduler.SchedulerType;
import dev.darkroom.rpc.Violations;
import dev.darkroom.text2image.v1.UpscaleLimits;
import dev.darkroom.text2image.v1.UpscaleParameters;
import dev.darkroom.text2image.v1.UpscaleRequest;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A request to enlarge a picture that can be served: the picture is decoded, every value is within its limits and no default is left
 * open.
 *
 * @param parameters every one of them, resolved
 * @param upscaling the same for the pipeline, with the picture
 * @param alphaDropped whether the picture had pixels that were not opaque
 * @param origin what a Darkroom PNG says of how it was made; an empty object for every other picture
 */
record UpscalingRequest(UpscaleParameters parameters, Upscaling upscaling, boolean alphaDropped, Origin origin) {
    private static final String PREFIX = "parameters.";
    private static final ImageDecoder.Decoded NONE = new ImageDecoder.Decoded(RgbImage.of(1, 1, new byte[3]), false);

    /**
     * Resolves a request against the model that it names.
     *
     * @throws dev.darkroom.rpc.Fault.InvalidArgument with every bad field
     */
    static UpscalingRequest from(UpscaleRequest proto, UpscalerModel model) {
        Violations violations = new Violations();
        UpscaleParameters asked = proto.getParameters();
        SchedulerType scheduler =
                Samplers.named(asked.getScheduler(), model.folder().scheduler(), violations);
        UpscaleParameters parameters = resolve(asked, scheduler, model);
        check(parameters, model.limits(), violations);
        byte[] file = proto.getImage().toByteArray();
        ImageDecoder.Decoded picture = decode(file, model, violations);
        if (violations.isEmpty()) {
            Samplers.check(
                    scheduler, parameters.getNumInferenceSteps(), model.folder().scheduler(), violations);
        }
        violations.throwIfAny();
        return new UpscalingRequest(
                parameters, upscaling(parameters, scheduler, picture.image()), picture.alphaDropped(), Origin.of(file));
    }

    /** What the caller set, over the model's defaults; a scalar that he set to its default counts as set. */
    private static UpscaleParameters resolve(UpscaleParameters asked, SchedulerType scheduler, UpscalerModel model) {
        UpscaleParameters.Builder parameters = model.defaultParameters().toBuilder()
                .mergeFrom(asked)
                .setModel(model.folder().name())
                .setScheduler(scheduler.label());
        return asked.hasSeed()
                ? parameters.build()
                : parameters
                        .setSeed(ThreadLocalRandom.current().nextLong(1L << 32))
                        .build();
    }

    private static void check(UpscaleParameters parameters, UpscaleLimits limits, Violations violations) {
        violations.text(PREFIX + "prompt", parameters.getPrompt(), 0, limits.getMaxPromptLength());
        violations.range(
                PREFIX + "num_inference_steps", parameters.getNumInferenceSteps(), 1, limits.getMaxNumInferenceSteps());
        violations.range(PREFIX + "guidance_scale", parameters.getGuidanceScale(), 0, 50);
        violations.range(PREFIX + "noise_level", parameters.getNoiseLevel(), 0, limits.getMaxNoiseLevel());
    }

    private static ImageDecoder.Decoded decode(byte[] file, UpscalerModel model, Violations violations) {
        try {
            return ImageDecoder.decode(file, model.imageLimits());
        } catch (UnreadableImageException e) {
            violations.add("image", e.limit(), e.found());
            return NONE;
        }
    }

    private static Upscaling upscaling(UpscaleParameters parameters, SchedulerType scheduler, RgbImage image) {
        return new Upscaling(
                image,
                parameters.getPrompt(),
                parameters.getNumInferenceSteps(),
                new Guidance(parameters.getGuidanceScale(), 0),
                scheduler,
                parameters.getNoiseLevel(),
                parameters.getSeed());
    }

    /** Leaves the prompt out, which must not reach a log. */
    @Override
    public String toString() {
        return "UpscalingRequest[model=" + parameters.getModel() + ", seed=" + parameters.getSeed() + "]";
    }
}
