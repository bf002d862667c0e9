// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.v1.CaptionImageRequest;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.gateway.v1.StreamGenerateVideoRequest;
import dev.darkroom.gateway.v1.StreamUpscaleImageRequest;
import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.Violations;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.ListModelsResponse;
import io.grpc.StatusRuntimeException;
import jakarta.inject.Singleton;
import java.util.List;

/**
 * Refuses what must not even reach the check of the prompt, and what would only be refused after a picture was drawn.
 *
 * <p>The other parameters are text2image's to judge, before it does any work, and its list of bad fields is passed on as it is. But
 * a request that is refused here never gets there, so the rest of it is then held against the limits that text2image publishes:
 * either way the caller hears of every bad field at once.
 */
@Singleton
final class RequestCheck {
    private static final int MAX_PROMPT_CODE_POINTS = 2_000;
    private static final int MAX_PREVIEW_INTERVAL = 1_000;
    private static final int MAX_POLICY_NAME_CODE_POINTS = 64;
    private static final int MAX_PREFIX_CODE_POINTS = 200;
    private static final int MAX_IMAGE_BYTES = 16 << 20;

    private final Generator generator;
    private final Captioner captioner;
    private final VideoMaker videoMaker;

    RequestCheck(Generator generator, Captioner captioner, VideoMaker videoMaker) {
        this.generator = generator;
        this.captioner = captioner;
        this.videoMaker = videoMaker;
    }

    /** What becomes of the pictures of a request after they are drawn: which are delivered, and how they are enlarged. */
    record Plan(BestOf bestOf, UpscalePlan upscale) {}

    /**
     * Returns what becomes of the pictures of a request.
     *
     * @throws Fault.InvalidArgument naming every bad field of a request that cannot be checked by the safety service, or whose
     *     pictures cannot be enlarged as it says
     * @throws Fault.NotFound MODEL_UNKNOWN, if it names an upscaler that is not loaded
     * @throws Fault.Unavailable if nobody can say what is loaded
     */
    Plan requireValid(StreamGenerateImagesRequest request) {
        ImageParameters parameters = request.getParameters();
        Violations violations = new Violations();
        checkWords(request, violations);
        ListModelsResponse published = published(violations);
        BestOf bestOf = BestOf.of(request, published, violations);
        UpscalePlan upscale = UpscalePlan.of(request, published, violations);
        if (!violations.isEmpty() || isCountedHere(bestOf, parameters, published)) {
            PublishedLimits.check(parameters, published, violations);
        }
        violations.throwIfAny();
        return new Plan(bestOf, upscale);
    }

    /**
     * As the other one, of a job, of which text2image hears when its caller has gone: all of it is held against the published limits.
     *
     * @param violations that were found in the rest of it
     * @throws Fault.NotFound MODEL_UNKNOWN, also if it names an image model that is not loaded
     */
    JobPlan requireValid(StreamGenerateImagesRequest request, Violations violations) {
        ImageParameters parameters = request.getParameters();
        checkWords(request, violations);
        ListModelsResponse published = published(violations);
        BestOf bestOf = BestOf.of(request, published, violations);
        UpscalePlan upscale = UpscalePlan.of(request, published, violations);
        if (violations.isEmpty()) {
            requireKnown(parameters.getModel(), published);
        }
        PublishedLimits.check(parameters, published, violations);
        violations.throwIfAny();
        return new JobPlan(new Plan(bestOf, upscale), published);
    }

    /** What becomes of the pictures of a job, and what is loaded to make them. */
    record JobPlan(Plan plan, ListModelsResponse published) {}

    private static void requireKnown(String model, ListModelsResponse published) {
        if (PublishedLimits.model(model, published).isEmpty()) {
            List<String> known =
                    published.getModelsList().stream().map(ImageModel::getName).toList();
            throw new Fault.NotFound("MODEL_UNKNOWN", "model", model, known);
        }
    }

    private static void checkWords(StreamGenerateImagesRequest request, Violations violations) {
        ImageParameters parameters = request.getParameters();
        violations.text("parameters.prompt", parameters.getPrompt(), 1, MAX_PROMPT_CODE_POINTS);
        violations.text("parameters.negative_prompt", parameters.getNegativePrompt(), 0, MAX_PROMPT_CODE_POINTS);
        violations.range("preview_interval", request.getPreviewInterval(), 0, MAX_PREVIEW_INTERVAL);
        violations.text("safety_policy", request.getSafetyPolicy(), 0, MAX_POLICY_NAME_CODE_POINTS);
        int size = request.getImage().size();
        violations.check(size <= MAX_IMAGE_BYTES, "image", "at most " + MAX_IMAGE_BYTES + " bytes long", size);
    }

    /** With best_of, text2image is asked for another number of pictures, and could not say what is wrong with the caller's. */
    private static boolean isCountedHere(BestOf bestOf, ImageParameters parameters, ListModelsResponse published) {
        return bestOf.isAsked()
                && PublishedLimits.model(parameters.getModel(), published).isPresent();
    }

    /** As the other one, of a picture that the caller has; the rest of its fields included. */
    void requireValid(StreamUpscaleImageRequest request) {
        requireValid(request, new Violations());
    }

    /**
     * As the other one, of a job.
     *
     * @param violations that were found in the rest of it
     */
    void requireValid(StreamUpscaleImageRequest request, Violations violations) {
        checkPicture(request.getImage(), violations);
        violations.text("parameters.prompt", request.getParameters().getPrompt(), 0, MAX_PROMPT_CODE_POINTS);
        violations.text("safety_policy", request.getSafetyPolicy(), 0, MAX_POLICY_NAME_CODE_POINTS);
        String model = request.getParameters().getModel();
        PublishedLimits.upscaler("parameters.model", model, published(violations), violations)
                .ifPresent(upscaler ->
                        PublishedLimits.check("parameters.", request.getParameters(), upscaler, violations));
        violations.throwIfAny();
    }

    /**
     * Refuses a picture to describe that the caption service would refuse, before time is spent on checks.
     *
     * @throws Fault.InvalidArgument naming every bad field
     * @throws Fault.NotFound MODEL_UNKNOWN, if it names a captioner that is not loaded
     * @throws Fault.Unavailable if nobody can say what is loaded
     */
    void requireValid(CaptionImageRequest request) {
        requireValid(request, new Violations());
    }

    /**
     * As the other one, of a job.
     *
     * @param violations that were found in the rest of it
     */
    void requireValid(CaptionImageRequest request, Violations violations) {
        checkPicture(request.getImage(), violations);
        String prefix = request.getParameters().getPrefix();
        violations.text("parameters.prefix", prefix, 0, MAX_PREFIX_CODE_POINTS);
        violations.text("safety_policy", request.getSafetyPolicy(), 0, MAX_POLICY_NAME_CODE_POINTS);
        PublishedCaptionLimits.check(request, captioner.models(), violations);
        violations.throwIfAny();
    }

    /**
     * Refuses a clip that cannot be checked by the safety service, before time is spent on checks; the rest is text2video's to judge, unless the request
     * does not get there.
     *
     * @throws Fault.InvalidArgument naming every bad field
     * @throws Fault.Unavailable TEXT2VIDEO_UNAVAILABLE, if there is no such service
     */
    void requireValid(StreamGenerateVideoRequest request) {
        Violations violations = new Violations();
        violations.text("parameters.prompt", request.getParameters().getPrompt(), 1, MAX_PROMPT_CODE_POINTS);
        violations.text(
                "parameters.negative_prompt", request.getParameters().getNegativePrompt(), 0, MAX_PROMPT_CODE_POINTS);
        violations.range("preview_interval", request.getPreviewInterval(), 0, MAX_PREVIEW_INTERVAL);
        violations.text("safety_policy", request.getSafetyPolicy(), 0, MAX_POLICY_NAME_CODE_POINTS);
        var published = violations.isEmpty() ? videoMaker.models() : videoMaker.modelsIfAny();
        if (!violations.isEmpty()) {
            PublishedVideoLimits.check(request.getParameters(), published, violations);
        }
        violations.throwIfAny();
    }

    private static void checkPicture(ByteString picture, Violations violations) {
        int size = picture.size();
        violations.check(
                size >= 1 && size <= MAX_IMAGE_BYTES, "image", "1 to " + MAX_IMAGE_BYTES + " bytes long", size);
    }

    /** Where something is wrong already and text2image is away, nothing is published, and what was found must do. */
    private ListModelsResponse published(Violations violations) {
        try {
            return generator.models();
        } catch (Fault.Unavailable | StatusRuntimeException unavailable) {
            if (violations.isEmpty()) {
                throw unavailable;
            }
            return ListModelsResponse.getDefaultInstance();
        }
    }
}
