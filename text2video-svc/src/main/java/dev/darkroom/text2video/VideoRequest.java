// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import dev.darkroom.inference.diffusion.Guidance;
import dev.darkroom.inference.scheduler.Schedule;
import dev.darkroom.inference.scheduler.SchedulerType;
import dev.darkroom.inference.video.VideoSettings;
import dev.darkroom.rpc.Violations;
import dev.darkroom.text2video.v1.GenerateRequest;
import dev.darkroom.text2video.v1.VideoContainer;
import dev.darkroom.text2video.v1.VideoLimits;
import dev.darkroom.text2video.v1.VideoParameters;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A request that can be served: every value is within its limits and no default is left open.
 *
 * @param parameters every one of them, resolved
 * @param scheduler the one that they name
 * @param previewInterval steps between previews; 0 for none
 * @param includeFrames whether each finished frame is sent before the clip
 */
record VideoRequest(VideoParameters parameters, SchedulerType scheduler, int previewInterval, boolean includeFrames) {
    private static final String PREFIX = "parameters.";
    private static final int MAX_FRAME_RATE = 60;
    private static final int MAX_TEMPORAL_FACTOR = 8;
    private static final int DEFAULT_TEMPORAL_FACTOR = 3;
    private static final int DEFAULT_QUALITY = 80;

    /**
     * Resolves a request against the model that it names.
     *
     * @throws dev.darkroom.rpc.Fault.InvalidArgument with every bad field
     */
    static VideoRequest from(GenerateRequest proto, VideoFolder video, Models models) {
        Violations violations = new Violations();
        VideoParameters asked = proto.getParameters();
        SchedulerType scheduler =
                Samplers.named(asked.getScheduler(), video.pipeline().scheduler(), violations);
        VideoParameters parameters = resolve(asked, scheduler, video, models);
        VideoRequest request =
                new VideoRequest(parameters, scheduler, proto.getPreviewInterval(), proto.getIncludeFrames());
        request.checkDrawing(video, violations);
        request.checkFile(models, violations);
        violations.range("preview_interval", proto.getPreviewInterval(), 0, 1000);
        if (violations.isEmpty()) {
            Samplers.check(request, video.pipeline(), violations);
        }
        violations.throwIfAny();
        return request;
    }

    /** Returns what a request gets that leaves everything out; prompts and seed are not set. */
    static VideoParameters defaults(VideoFolder video, Models models) {
        return fill(video.defaults(), models);
    }

    /** What the caller set, over the model's defaults; a scalar that he set to its default counts as set. */
    private static VideoParameters resolve(
            VideoParameters asked, SchedulerType scheduler, VideoFolder video, Models models) {
        VideoParameters.Builder parameters = video.defaults().toBuilder()
                .mergeFrom(asked)
                .setModel(video.name())
                .setScheduler(scheduler.label());
        if (!asked.hasSeed()) {
            parameters.setSeed(ThreadLocalRandom.current().nextLong(1L << 32));
        }
        return fill(parameters.build(), models);
    }

    private static VideoParameters fill(VideoParameters parameters, Models models) {
        VideoParameters.Builder filled = parameters.toBuilder();
        if (!parameters.hasSpatialFactor()) {
            filled.setSpatialFactor(models.spatial().map(SpatialStage::factor).orElse(1));
        }
        if (!parameters.hasTemporalFactor()) {
            int most = MAX_FRAME_RATE / Math.clamp(parameters.getFrameRate(), 1, MAX_FRAME_RATE);
            filled.setTemporalFactor(models.temporal().isPresent() ? Math.min(DEFAULT_TEMPORAL_FACTOR, most) : 1);
        }
        if (!parameters.hasQuality()) {
            filled.setQuality(DEFAULT_QUALITY);
        }
        if (parameters.getContainer() == VideoContainer.VIDEO_CONTAINER_UNSPECIFIED) {
            filled.setContainer(VideoContainer.VIDEO_CONTAINER_MP4);
        }
        return filled.build();
    }

    private void checkDrawing(VideoFolder video, Violations violations) {
        VideoLimits limits = video.limits();
        violations.text(PREFIX + "prompt", prompt(), 1, limits.getMaxPromptLength());
        violations.text(PREFIX + "negative_prompt", negativePrompt(), 0, limits.getMaxPromptLength());
        violations.range(
                PREFIX + "num_inference_steps", parameters.getNumInferenceSteps(), 1, limits.getMaxNumInferenceSteps());
        violations.range(PREFIX + "guidance_scale", parameters.getGuidanceScale(), 0, 50);
        violations.range(PREFIX + "clip_skip", clipSkip(), 0, limits.getMaxClipSkip());
        violations.range(PREFIX + "eta", parameters.getEta(), 0, scheduler.takesEta() ? 1 : 0);
        violations.range(PREFIX + "num_frames", numFrames(), video.minNumFrames(), limits.getMaxNumFrames());
        checkSize(PREFIX + "width", width(), limits, violations);
        checkSize(PREFIX + "height", height(), limits, violations);
    }

    private static void checkSize(String field, int size, VideoLimits limits, Violations violations) {
        violations.check(
                size >= limits.getMinSize() && size <= limits.getMaxSize() && size % limits.getSizeMultiple() == 0,
                field,
                "a multiple of " + limits.getSizeMultiple() + " from " + limits.getMinSize() + " to "
                        + limits.getMaxSize() + " pixels",
                size);
    }

    private void checkFile(Models models, Violations violations) {
        int spatial = models.spatial().map(SpatialStage::factor).orElse(1);
        violations.check(
                spatialFactor() == 1 || spatialFactor() == spatial,
                PREFIX + "spatial_factor",
                spatial == 1 ? "1, as no upscaler is loaded" : "1 or " + spatial,
                spatialFactor());
        boolean rateFits = violations.range(PREFIX + "frame_rate", parameters.getFrameRate(), 1, MAX_FRAME_RATE);
        int most = rateFits ? Math.min(MAX_TEMPORAL_FACTOR, MAX_FRAME_RATE / parameters.getFrameRate()) : 1;
        boolean between = models.temporal().isPresent();
        violations.check(
                !rateFits || temporalFactor() == 1 || (between && temporalFactor() >= 1 && temporalFactor() <= most),
                PREFIX + "temporal_factor",
                between ? "1 to " + most : "1, as no interpolation model is loaded",
                temporalFactor());
        violations.range(PREFIX + "quality", parameters.getQuality(), 1, 100);
        Containers.check(PREFIX + "container", parameters.getContainer(), models.encoders(), violations);
    }

    /**
     * Lays the request's steps out.
     *
     * @throws IllegalArgumentException if the sampler refuses the folder's options, or the steps
     */
    Schedule schedule(TextToVideoPipeline pipeline) {
        return scheduler.create(pipeline.scheduler(), parameters.getEta()).schedule(parameters.getNumInferenceSteps());
    }

    String model() {
        return parameters.getModel();
    }

    String prompt() {
        return parameters.getPrompt();
    }

    String negativePrompt() {
        return parameters.getNegativePrompt();
    }

    Guidance guidance() {
        return new Guidance(parameters.getGuidanceScale(), 0);
    }

    int clipSkip() {
        return parameters.getClipSkip();
    }

    long seed() {
        return parameters.getSeed();
    }

    /** Returns the number of base frames. */
    int numFrames() {
        return parameters.getNumFrames();
    }

    /** Returns the width of base frames, in pixels. */
    int width() {
        return parameters.getWidth();
    }

    /** Returns the height of base frames, in pixels. */
    int height() {
        return parameters.getHeight();
    }

    int spatialFactor() {
        return parameters.getSpatialFactor();
    }

    int temporalFactor() {
        return parameters.getTemporalFactor();
    }

    /** Returns the number of frames of the clip. */
    int finalNumFrames() {
        return (numFrames() - 1) * temporalFactor() + 1;
    }

    /** Returns what the file is to be like. */
    VideoSettings settings() {
        return new VideoSettings(
                Containers.format(parameters.getContainer()),
                width() * spatialFactor(),
                height() * spatialFactor(),
                parameters.getFrameRate() * temporalFactor(),
                parameters.getQuality());
    }

    /** Whether previews are due after a step, from 1; the last step has the clip itself. */
    boolean previewsAfter(int step, int of) {
        return previewInterval > 0 && step % previewInterval == 0 && step < of;
    }

    /** Leaves the prompts out, which must not reach a log. */
    @Override
    public String toString() {
        return "VideoRequest[model=" + model() + ", seed=" + seed() + "]";
    }
}
