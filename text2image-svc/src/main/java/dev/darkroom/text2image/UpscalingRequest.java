// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import com.google.protobuf.ByteString;
import dev.darkroom.inference.diffusion.Guidance;
import dev.darkroom.inference.diffusion.Upscaling;
import dev.darkroom.inference.image.ImageDecoder;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.image.UnreadableImageException;
import dev.darkroom.inference.scheduler.SchedulerType;
import dev.darkroom.media.v1.Checkpoint;
import dev.darkroom.media.v1.Fingerprint;
import dev.darkroom.rpc.Violations;
import dev.darkroom.text2image.v1.UpscaleLimits;
import dev.darkroom.text2image.v1.UpscaleParameters;
import dev.darkroom.text2image.v1.UpscaleRequest;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A request to enlarge a picture that can be served: the picture is decoded, every value is within its limits and no default is left
 * open.
 *
 * @param parameters every one of them, resolved
 * @param upscaling the same for the pipeline, with the picture
 * @param alphaDropped whether the picture had pixels that were not opaque
 * @param origin what a Darkroom PNG says of how it was made; an empty object for every other picture
 * @param imageSha256 of the picture's file
 * @param checkpointInterval steps between checkpoints; 0 for none
 * @param resume from where on the picture is made
 */
record UpscalingRequest(
        UpscaleParameters parameters,
        Upscaling upscaling,
        boolean alphaDropped,
        Origin origin,
        String imageSha256,
        int checkpointInterval,
        Resume resume) {
    /** What the denoising is called. */
    static final String STAGE = "denoise";

    private static final Resume ANEW = new Resume.Anew(List.of(0), "");
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
        UpscaleParameters parameters = resolve(proto, scheduler, model);
        check(parameters, model.limits(), violations);
        violations.range("checkpoint_interval", proto.getCheckpointInterval(), 0, 1000);
        byte[] file = proto.getImage().toByteArray();
        ImageDecoder.Decoded picture = decode(file, model, violations);
        if (violations.isEmpty()) {
            Samplers.check(
                    scheduler, parameters.getNumInferenceSteps(), model.folder().scheduler(), violations);
        }
        violations.throwIfAny();
        UpscalingRequest request = new UpscalingRequest(
                parameters,
                upscaling(parameters, scheduler, picture.image()),
                picture.alphaDropped(),
                Origin.of(file),
                Sha256.of(proto.getImage()),
                proto.getCheckpointInterval(),
                ANEW);
        return proto.hasResume() ? request.resumed(proto.getResume(), model) : request;
    }

    private UpscalingRequest resumed(Checkpoint checkpoint, UpscalerModel model) {
        Violations violations = new Violations();
        UnfinishedPicture picture = unfinished(model);
        violations.range("resume.index", checkpoint.getIndex(), 0, 0);
        violations.check(checkpoint.getStage().equals(STAGE), "resume.stage", STAGE, checkpoint.getStage());
        picture.check("resume", checkpoint, violations);
        Resume resume = picture.difference(checkpoint)
                .<Resume>map(difference -> new Resume.Anew(List.of(0), difference))
                .orElseGet(() -> read(checkpoint, model, violations));
        violations.throwIfAny();
        return new UpscalingRequest(
                parameters, upscaling, alphaDropped, origin, imageSha256, checkpointInterval, resume);
    }

    private Resume read(Checkpoint checkpoint, UpscalerModel model, Violations violations) {
        return UnfinishedPicture.read(
                        "resume", checkpoint, state -> model.pipeline().requireFits(state, upscaling), violations)
                .<Resume>map(state -> new Resume.FromCheckpoints(List.of(0), STAGE, state.step(), state))
                .orElse(ANEW);
    }

    /** Returns what checkpoints of it are named by. */
    UnfinishedPicture unfinished(UpscalerModel model) {
        return new UnfinishedPicture(
                0,
                parameters.getSeed(),
                Sha256.of(
                        parameters.toByteString(),
                        ByteString.copyFromUtf8(imageSha256 + model.folder().scheduler())),
                Fingerprints.toProto(model.folder().fingerprint()),
                Fingerprint.getDefaultInstance());
    }

    /** What the caller set, over the model's defaults; a scalar that he set to its default counts as set. */
    private static UpscaleParameters resolve(UpscaleRequest proto, SchedulerType scheduler, UpscalerModel model) {
        UpscaleParameters asked = proto.getParameters();
        UpscaleParameters.Builder parameters = model.defaultParameters().toBuilder()
                .mergeFrom(asked)
                .setModel(model.folder().name())
                .setScheduler(scheduler.label());
        if (!asked.hasSeed()) {
            parameters.setSeed(
                    proto.hasResume()
                            ? proto.getResume().getSeed()
                            : ThreadLocalRandom.current().nextLong(1L << 32));
        }
        return parameters.build();
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
