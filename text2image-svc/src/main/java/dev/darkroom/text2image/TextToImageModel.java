// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.diffusion.Denoiser;
import dev.darkroom.inference.onnx.LatentDiffusionModel;
import dev.darkroom.inference.onnx.ModelDirectory;
import dev.darkroom.inference.scheduler.SchedulerType;
import dev.darkroom.text2image.v1.ImageLimits;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;
import java.nio.file.Path;

/** A folder that makes pictures from text: what it can do and the pipeline that does it. */
final class TextToImageModel implements LoadedModel {
    private static final int MAX_IMAGE_BYTES = 16 << 20;

    private final Pipeline pipeline;
    private final ModelFolder folder;
    private final KnownSubjects knownSubjects;
    private final ImageLimits limits;
    private final int defaultSteps;
    private final float defaultGuidance;
    private final double defaultStrength;
    private final int defaultUpscaleFactor;

    private TextToImageModel(Pipeline pipeline, TextToImageConfiguration configuration) {
        this.pipeline = pipeline;
        this.folder = ModelFolder.of(networks(), pipeline.scheduler());
        this.knownSubjects = KnownSubjects.of(networks().directory().knownSubjects());
        this.limits = limits(configuration);
        JsonNode said = folder.defaults();
        PipelineDefaults defaults = configuration.over(pipeline.defaults());
        this.defaultSteps = said.path("num_inference_steps").asInt(defaults.numInferenceSteps());
        this.defaultGuidance = (float) said.path("guidance_scale").asDouble(defaults.guidanceScale());
        this.defaultStrength = said.path("strength").asDouble(defaults.strength());
        this.defaultUpscaleFactor = said.path("upscale_factor").asInt(1);
    }

    /**
     * Loads a folder and runs each network once.
     *
     * @throws ModelDirectoryException if the folder does not fit, naming the component
     */
    static TextToImageModel load(Path folder, TextToImageConfiguration configuration) {
        Pipeline pipeline = Families.open(ModelDirectory.open(folder), configuration);
        try {
            return new TextToImageModel(pipeline, configuration);
        } catch (RuntimeException e) {
            pipeline.close();
            throw e;
        }
    }

    private LatentDiffusionModel networks() {
        return pipeline.diffusion().networks();
    }

    private ImageLimits limits(TextToImageConfiguration configuration) {
        var traits = networks().traits();
        int multiple = traits.vaeScaleFactor() * traits.sizeMultiple();
        int fixed = fixedSize();
        return ImageLimits.newBuilder()
                .setMinSize(fixed > 0 ? fixed : multiple)
                .setMaxSize(fixed > 0 ? fixed : Math.max(multiple, configuration.maxSize() / multiple * multiple))
                .setSizeMultiple(multiple)
                .setMaxNumInferenceSteps(Math.min(
                        configuration.maxNumInferenceSteps(), folder.scheduler().numTrainTimesteps()))
                .setMaxNumImagesPerPrompt(configuration.maxNumImagesPerPrompt())
                .setMaxPromptLength(configuration.maxPromptLength())
                .setPromptWindow(pipeline.promptWindow())
                .setMaxClipSkip(pipeline.maxClipSkip())
                .setMaxImageBytes(networks().vae().encodes() ? MAX_IMAGE_BYTES : 0)
                .build();
    }

    /** Returns the only width and height that the graph draws, in pixels; 0 if it draws many. */
    private int fixedSize() {
        int height = networks().network().fixedHeight();
        int width = networks().network().fixedWidth();
        if (height != width) {
            throw new ModelDirectoryException(
                    "unet or transformer",
                    "height and width of the latents",
                    "open, or equal",
                    height + " and " + width);
        }
        return height > 0 ? height * networks().traits().vaeScaleFactor() : 0;
    }

    @Override
    public String kind() {
        return "model";
    }

    @Override
    public ModelFolder folder() {
        return folder;
    }

    @Override
    public Denoiser denoiser() {
        return pipeline.diffusion().denoiser();
    }

    @Override
    public void tune(int mostLanes) {
        pipeline.diffusion().tune(mostLanes);
    }

    Pipeline pipeline() {
        return pipeline;
    }

    /** Whether latents of one mean the same to the other, as far as shapes tell. */
    boolean sharesLatentsWith(TextToImageModel other) {
        var own = networks().traits();
        var others = other.networks().traits();
        return own.latentChannels() == others.latentChannels() && own.vaeScaleFactor() == others.vaeScaleFactor();
    }

    ImageLimits limits() {
        return limits;
    }

    int defaultWidth() {
        return defaultSize();
    }

    int defaultHeight() {
        return defaultSize();
    }

    private int defaultSize() {
        int multiple = limits.getSizeMultiple();
        int size = networks().traits().latentSize() * networks().traits().vaeScaleFactor() / multiple * multiple;
        return Math.clamp(size, limits.getMinSize(), limits.getMaxSize());
    }

    int defaultNumInferenceSteps() {
        return defaultSteps;
    }

    float defaultGuidanceScale() {
        return defaultGuidance;
    }

    double defaultStrength() {
        return defaultStrength;
    }

    ImageModel describe() {
        return ImageModel.newBuilder()
                .setName(folder.name())
                .setPipeline(folder.pipeline())
                .setLicense(folder.license())
                .setDefaults(defaults())
                .setLimits(limits)
                .addAllSchedulers(SchedulerType.labels(folder.scheduler()))
                .setFingerprint(Fingerprints.toProto(folder.fingerprint()))
                .addAllKnownSubjects(knownSubjects.names())
                .setDefaultUpscaleFactor(defaultUpscaleFactor)
                .setRequiresImage(pipeline.requiresImage())
                .build();
    }

    private ImageParameters defaults() {
        ImageParameters.Builder defaults = ImageParameters.newBuilder()
                .setModel(folder.name())
                .setNumInferenceSteps(defaultSteps)
                .setGuidanceScale(defaultGuidance)
                .setGuidanceRescale(0)
                .setGuidanceStart(0)
                .setGuidanceEnd(1)
                .setClipSkip(0)
                .setScheduler(folder.ownScheduler())
                .setEta(0)
                .setNumImagesPerPrompt(1)
                .setWidth(defaultSize())
                .setHeight(defaultSize());
        return networks().vae().encodes()
                ? defaults.setStrength(defaultStrength).build()
                : defaults.build();
    }

    @Override
    public void close() {
        pipeline.close();
    }
}
