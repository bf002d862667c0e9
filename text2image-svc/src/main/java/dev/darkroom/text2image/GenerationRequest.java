// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.inference.diffusion.Guidance;
import dev.darkroom.inference.onnx.Fingerprint;
import dev.darkroom.inference.scheduler.Schedule;
import dev.darkroom.inference.scheduler.SchedulerType;
import dev.darkroom.rpc.Violations;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.ImageLimits;
import dev.darkroom.text2image.v1.ImageParameters;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A request that can be served: every value is within its limits and no default is left open.
 *
 * @param clipSkip layers at the end of the text encoder that the prompt does not go through
 * @param seed of the first picture; picture i has {@code seed + i}
 * @param width pixels
 * @param height pixels
 * @param aestheticScore what a refiner is told beside the prompt
 * @param negativeAestheticScore what a refiner is told beside the negative prompt
 * @param toldSizes whether {@code sizes} have a meaning for the model
 * @param previewInterval steps between previews; 0 for none
 * @param checkpointInterval steps between checkpoints; 0 for none
 * @param alphaDropped whether the picture to start from had pixels that were not opaque
 * @param resume which of its pictures are made, and from where on
 */
record GenerationRequest(
        String model,
        String prompt,
        String negativePrompt,
        int numInferenceSteps,
        Guidance guidance,
        int clipSkip,
        SchedulerType scheduler,
        float eta,
        long seed,
        int numImages,
        int width,
        int height,
        Start start,
        Finish finish,
        float aestheticScore,
        float negativeAestheticScore,
        boolean toldSizes,
        SizeConditions sizes,
        int previewInterval,
        int checkpointInterval,
        boolean alphaDropped,
        Resume resume) {

    private static final String PREFIX = "parameters.";
    private static final double DEFAULT_REFINER_START = 0.8;
    private static final float DEFAULT_AESTHETIC_SCORE = 6;
    private static final float DEFAULT_NEGATIVE_AESTHETIC_SCORE = 2.5f;

    /**
     * Resolves a request against the model that it names.
     *
     * @param refiners finds a refiner by its name
     * @throws dev.darkroom.rpc.Fault.InvalidArgument with every bad field
     * @throws dev.darkroom.rpc.Fault.NotFound if there is no such refiner
     */
    static GenerationRequest from(
            GenerateRequest proto, TextToImageModel model, Function<String, TextToImageModel> refiners) {
        Violations violations = new Violations();
        ImageParameters parameters = proto.getParameters();
        ImageLimits limits = model.limits();
        violations.text(PREFIX + "prompt", parameters.getPrompt(), 1, limits.getMaxPromptLength());
        violations.text(PREFIX + "negative_prompt", parameters.getNegativePrompt(), 0, limits.getMaxPromptLength());
        GivenPicture picture = GivenPicture.decode(proto, model, violations);
        Finish finish = finish(parameters, model, refiners, violations);
        int width = parameters.hasWidth() ? parameters.getWidth() : picture.width(model);
        int height = parameters.hasHeight() ? parameters.getHeight() : picture.height(model);
        Start start = fits(width, limits) && fits(height, limits)
                ? picture.start(width, height, parameters, model, violations)
                : new Start.Noise();
        GenerationRequest request = new GenerationRequest(
                model.folder().name(),
                parameters.getPrompt(),
                parameters.getNegativePrompt(),
                parameters.hasNumInferenceSteps()
                        ? parameters.getNumInferenceSteps()
                        : model.defaultNumInferenceSteps(),
                guidance(parameters, model),
                parameters.getClipSkip(),
                Samplers.named(parameters.getScheduler(), model.folder().scheduler(), violations),
                parameters.getEta(),
                seed(proto),
                parameters.hasNumImagesPerPrompt() ? parameters.getNumImagesPerPrompt() : 1,
                width,
                height,
                start,
                finish,
                parameters.hasAestheticScore() ? parameters.getAestheticScore() : DEFAULT_AESTHETIC_SCORE,
                parameters.hasNegativeAestheticScore()
                        ? parameters.getNegativeAestheticScore()
                        : DEFAULT_NEGATIVE_AESTHETIC_SCORE,
                model.pipeline().toldSizes(),
                SizeConditions.of(parameters, height, width),
                proto.getPreviewInterval(),
                proto.getCheckpointInterval(),
                picture.alphaDropped(),
                new Resume.Anew(List.of(), ""));
        request.check(limits, violations);
        SizeConditions.check(PREFIX, parameters, model.pipeline().toldSizes(), violations);
        if (violations.isEmpty()) {
            request.checkSteps(model.pipeline(), violations);
        }
        if (violations.isEmpty()) {
            request = request.making(request.all());
            request = request.making(Checkpoints.of(request, model).read(proto.getResumeList(), violations));
        }
        violations.throwIfAny();
        return request;
    }

    private static long seed(GenerateRequest proto) {
        if (proto.getParameters().hasSeed()) {
            return proto.getParameters().getSeed();
        }
        return proto.getResumeList().stream()
                .findFirst()
                .map(checkpoint -> checkpoint.getSeed() - checkpoint.getIndex())
                .orElseGet(() -> ThreadLocalRandom.current().nextLong(1L << 32));
    }

    private Resume all() {
        return new Resume.Anew(IntStream.range(0, numImages).boxed().toList(), "");
    }

    private GenerationRequest making(Resume pictures) {
        return new GenerationRequest(
                model,
                prompt,
                negativePrompt,
                numInferenceSteps,
                guidance,
                clipSkip,
                scheduler,
                eta,
                seed,
                numImages,
                width,
                height,
                start,
                finish,
                aestheticScore,
                negativeAestheticScore,
                toldSizes,
                sizes,
                previewInterval,
                checkpointInterval,
                alphaDropped,
                pictures);
    }

    private static Guidance guidance(ImageParameters parameters, TextToImageModel model) {
        return new Guidance(
                parameters.hasGuidanceScale() ? parameters.getGuidanceScale() : model.defaultGuidanceScale(),
                parameters.getGuidanceRescale(),
                parameters.getGuidanceStart(),
                parameters.hasGuidanceEnd() ? parameters.getGuidanceEnd() : 1);
    }

    private static Finish finish(
            ImageParameters parameters,
            TextToImageModel model,
            Function<String, TextToImageModel> refiners,
            Violations violations) {
        double start = parameters.hasRefinerStart() ? parameters.getRefinerStart() : DEFAULT_REFINER_START;
        if (parameters.getRefiner().isEmpty()) {
            violations.check(!parameters.hasRefinerStart(), PREFIX + "refiner_start", "unset without a refiner", start);
            return new Finish.Alone();
        }
        violations.check(start > 0 && start < 1, PREFIX + "refiner_start", "above 0 and below 1", start);
        TextToImageModel refiner = refiners.apply(parameters.getRefiner());
        boolean fits = model.pipeline().canHandOver() && model.sharesLatentsWith(refiner);
        violations.check(
                fits,
                PREFIX + "refiner",
                "empty, or the refiner of an SDXL model's own latents",
                refiner.folder().name());
        return refiner.pipeline() instanceof StableDiffusionXlRefinerPipeline pipeline
                ? new Finish.Refined(refiner, pipeline, start)
                : new Finish.Alone();
    }

    private void check(ImageLimits limits, Violations violations) {
        violations.range(PREFIX + "num_inference_steps", numInferenceSteps, 1, limits.getMaxNumInferenceSteps());
        violations.range(PREFIX + "guidance_scale", guidance.scale(), 0, 50);
        violations.range(PREFIX + "guidance_rescale", guidance.rescale(), 0, 1);
        violations.range(PREFIX + "guidance_start", guidance.start(), 0, 1);
        violations.range(PREFIX + "guidance_end", guidance.end(), Math.clamp(guidance.start(), 0, 1), 1);
        violations.range(PREFIX + "clip_skip", clipSkip, 0, limits.getMaxClipSkip());
        violations.range(PREFIX + "eta", eta, 0, scheduler.takesEta() ? 1 : 0);
        violations.range(PREFIX + "num_images_per_prompt", numImages, 1, limits.getMaxNumImagesPerPrompt());
        checkSize(PREFIX + "width", width, limits, violations);
        checkSize(PREFIX + "height", height, limits, violations);
        violations.range(PREFIX + "aesthetic_score", aestheticScore, 0, 10);
        violations.range(PREFIX + "negative_aesthetic_score", negativeAestheticScore, 0, 10);
        violations.range("preview_interval", previewInterval, 0, 1000);
        violations.range("checkpoint_interval", checkpointInterval, 0, 1000);
    }

    private static void checkSize(String field, int size, ImageLimits limits, Violations violations) {
        violations.check(
                fits(size, limits),
                field,
                "a multiple of " + limits.getSizeMultiple() + " from " + limits.getMinSize() + " to "
                        + limits.getMaxSize() + " pixels",
                size);
    }

    private static boolean fits(int size, ImageLimits limits) {
        return size >= limits.getMinSize() && size <= limits.getMaxSize() && size % limits.getSizeMultiple() == 0;
    }

    private void checkSteps(Pipeline pipeline, Violations violations) {
        Samplers.check(this, pipeline, violations);
        if (finish instanceof Finish.Refined refined) {
            Samplers.check(this, refined.pipeline(), violations);
        }
        if (violations.isEmpty() && start instanceof Start.Picture picture) {
            Steps steps = LatentDiffusion.steps(this, schedule(pipeline));
            violations.check(
                    steps.count() > 0,
                    PREFIX + "strength",
                    "enough for one of " + numInferenceSteps + " steps",
                    picture.strength());
        }
    }

    /**
     * Lays the request's steps out as a pipeline does.
     *
     * @throws IllegalArgumentException if the sampler refuses the folder's options, or the steps
     */
    Schedule schedule(Pipeline pipeline) {
        return scheduler.create(pipeline.scheduler(), eta).schedule(pipeline.plan(this));
    }

    long seedOf(int image) {
        return seed + image;
    }

    /**
     * Whether previews are due after a step, from 1; the last step has the picture itself.
     *
     * @param of how many steps are made
     */
    boolean previewsAfter(int step, int of) {
        return previewInterval > 0 && step % previewInterval == 0 && step < of;
    }

    /** Returns every parameter that has a meaning for this request, no default left open. */
    ImageParameters toProto() {
        ImageParameters.Builder parameters = ImageParameters.newBuilder()
                .setModel(model)
                .setPrompt(prompt)
                .setNegativePrompt(negativePrompt)
                .setNumInferenceSteps(numInferenceSteps)
                .setGuidanceScale(guidance.scale())
                .setGuidanceRescale(guidance.rescale())
                .setGuidanceStart(guidance.start())
                .setGuidanceEnd(guidance.end())
                .setClipSkip(clipSkip)
                .setScheduler(scheduler.label())
                .setEta(eta)
                .setSeed(seed)
                .setNumImagesPerPrompt(numImages)
                .setWidth(width)
                .setHeight(height);
        if (toldSizes) {
            sizes.put(parameters);
        }
        if (start instanceof Start.Picture picture) {
            parameters.setStrength(picture.strength());
        }
        if (finish instanceof Finish.Refined refined) {
            parameters
                    .setRefiner(refined.refiner().folder().name())
                    .setRefinerStart(refined.start())
                    .setAestheticScore(aestheticScore)
                    .setNegativeAestheticScore(negativeAestheticScore);
        }
        return parameters.build();
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
                .put("guidance_start", guidance.start())
                .put("guidance_end", guidance.end())
                .put("clip_skip", clipSkip)
                .put("scheduler", scheduler.label())
                .put("eta", eta)
                .put("seed", seedOf(image))
                .put("width", width)
                .put("height", height);
        if (toldSizes) {
            sizes.put(json);
        }
        if (start instanceof Start.Picture picture) {
            json.put("strength", picture.strength()).put("image_sha256", picture.sha256());
        }
        Fingerprints.put(fingerprint, json);
        if (finish instanceof Finish.Refined refined) {
            ObjectNode refiner = json.putObject("refiner");
            refiner.put("model", refined.refiner().folder().name())
                    .put("start", refined.start())
                    .put("aesthetic_score", aestheticScore)
                    .put("negative_aesthetic_score", negativeAestheticScore);
            Fingerprints.put(refined.refiner().folder().fingerprint(), refiner);
        }
        return json.toString();
    }

    /** Leaves the prompts out, which must not reach a log. */
    @Override
    public String toString() {
        return "GenerationRequest[model=" + model + ", seed=" + seed + "]";
    }
}
