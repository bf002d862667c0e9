// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.inference.diffusion.Guidance;
import dev.darkroom.inference.onnx.Fingerprint;
import dev.darkroom.inference.scheduler.SchedulerType;
import dev.darkroom.rpc.Violations;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.ImageLimits;
import dev.darkroom.text2image.v1.ImageParameters;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.LongStream;

/**
 * A request that can be served: every value is within its limits and no default is left open.
 *
 * @param seed of the first picture; picture i has {@code seed + i}
 * @param width pixels
 * @param height pixels
 * @param previewInterval steps between previews; 0 for none
 */
record GenerationRequest(
        String model,
        String prompt,
        String negativePrompt,
        int numInferenceSteps,
        Guidance guidance,
        SchedulerType scheduler,
        float eta,
        long seed,
        int numImages,
        int width,
        int height,
        int previewInterval) {

    private static final String PREFIX = "parameters.";

    /**
     * Resolves a request against the model that it names.
     *
     * @throws dev.darkroom.rpc.Fault.InvalidArgument with every bad field
     */
    static GenerationRequest from(GenerateRequest proto, TextToImageModel model) {
        Violations violations = new Violations();
        ImageParameters parameters = proto.getParameters();
        ImageLimits limits = model.limits();
        violations.text(PREFIX + "prompt", parameters.getPrompt(), 1, limits.getMaxPromptLength());
        violations.text(PREFIX + "negative_prompt", parameters.getNegativePrompt(), 0, limits.getMaxPromptLength());
        GenerationRequest request = new GenerationRequest(
                model.folder().name(),
                parameters.getPrompt(),
                parameters.getNegativePrompt(),
                parameters.hasNumInferenceSteps()
                        ? parameters.getNumInferenceSteps()
                        : model.defaultNumInferenceSteps(),
                new Guidance(
                        parameters.hasGuidanceScale() ? parameters.getGuidanceScale() : model.defaultGuidanceScale(),
                        parameters.getGuidanceRescale()),
                Samplers.named(parameters.getScheduler(), model.folder().scheduler(), violations),
                parameters.getEta(),
                parameters.hasSeed()
                        ? parameters.getSeed()
                        : ThreadLocalRandom.current().nextLong(1L << 32),
                parameters.hasNumImagesPerPrompt() ? parameters.getNumImagesPerPrompt() : 1,
                parameters.hasWidth() ? parameters.getWidth() : model.defaultSize(),
                parameters.hasHeight() ? parameters.getHeight() : model.defaultSize(),
                proto.getPreviewInterval());
        request.check(limits, violations);
        if (violations.isEmpty()) {
            Samplers.check(
                    request.scheduler,
                    request.eta,
                    request.numInferenceSteps,
                    model.folder().scheduler(),
                    violations);
        }
        violations.throwIfAny();
        return request;
    }

    private void check(ImageLimits limits, Violations violations) {
        violations.range(PREFIX + "num_inference_steps", numInferenceSteps, 1, limits.getMaxNumInferenceSteps());
        violations.range(PREFIX + "guidance_scale", guidance.scale(), 0, 50);
        violations.range(PREFIX + "guidance_rescale", guidance.rescale(), 0, 1);
        violations.range(PREFIX + "eta", eta, 0, scheduler.takesEta() ? 1 : 0);
        violations.range(PREFIX + "num_images_per_prompt", numImages, 1, limits.getMaxNumImagesPerPrompt());
        checkSize(PREFIX + "width", width, limits, violations);
        checkSize(PREFIX + "height", height, limits, violations);
        violations.range("preview_interval", previewInterval, 0, 1000);
    }

    private static void checkSize(String field, int size, ImageLimits limits, Violations violations) {
        int multiple = limits.getSizeMultiple();
        violations.check(
                size >= limits.getMinSize() && size <= limits.getMaxSize() && size % multiple == 0,
                field,
                "a multiple of " + multiple + " from " + limits.getMinSize() + " to " + limits.getMaxSize() + " pixels",
                size);
    }

    long seedOf(int image) {
        return seed + image;
    }

    LongStream seeds() {
        return LongStream.range(0, numImages).map(i -> seed + i);
    }

    /** Whether previews are due after a step, from 1; the last step has the picture itself. */
    boolean previewsAfter(int step) {
        return previewInterval > 0 && step % previewInterval == 0 && step < numInferenceSteps;
    }

    /** Returns every parameter, no default left open. */
    ImageParameters toProto() {
        return ImageParameters.newBuilder()
                .setModel(model)
                .setPrompt(prompt)
                .setNegativePrompt(negativePrompt)
                .setNumInferenceSteps(numInferenceSteps)
                .setGuidanceScale(guidance.scale())
                .setGuidanceRescale(guidance.rescale())
                .setScheduler(scheduler.label())
                .setEta(eta)
                .setSeed(seed)
                .setNumImagesPerPrompt(numImages)
                .setWidth(width)
                .setHeight(height)
                .build();
    }

    /**
     * Returns what goes into one picture's file: the parameters under their proto names, with the picture's own seed, and the
     * fingerprint. The same whether the picture was made alone or among others.
     */
    String pictureJson(int image, Fingerprint fingerprint) {
        ObjectNode json = new JsonMapper().createObjectNode();
        json.put("model", model)
                .put("prompt", prompt)
                .put("negative_prompt", negativePrompt)
                .put("num_inference_steps", numInferenceSteps)
                .put("guidance_scale", guidance.scale())
                .put("guidance_rescale", guidance.rescale())
                .put("scheduler", scheduler.label())
                .put("eta", eta)
                .put("seed", seedOf(image))
                .put("width", width)
                .put("height", height);
        Fingerprints.put(fingerprint, json);
        return json.toString();
    }

    /** Leaves the prompts out, which must not reach a log. */
    @Override
    public String toString() {
        return "GenerationRequest[model=" + model + ", seed=" + seed + "]";
    }
}
