// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.onnx.ModelDirectory;
import dev.darkroom.inference.onnx.StableDiffusionModel;
import dev.darkroom.inference.scheduler.SchedulerConfig;
import dev.darkroom.inference.scheduler.SchedulerType;
import dev.darkroom.text2image.v1.ImageLimits;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;
import java.nio.file.Path;

/** A folder that makes pictures from text: what it can do and the pipeline that does it. */
final class TextToImageModel implements LoadedModel {
    private final StableDiffusionModel networks;
    private final ModelFolder folder;
    private final KnownSubjects knownSubjects;
    private final StableDiffusionPipeline pipeline;
    private final ImageLimits limits;
    private final int defaultSteps;
    private final float defaultGuidance;
    private final int defaultUpscaleFactor;

    private TextToImageModel(StableDiffusionModel networks, TextToImageConfiguration configuration) {
        this.networks = networks;
        this.folder = ModelFolder.of(networks, schedulerConfig(networks.directory()));
        this.knownSubjects = KnownSubjects.of(networks.directory().knownSubjects());
        this.pipeline = new StableDiffusionPipeline(
                networks, configuration.rowsPerCall(), configuration.vaeTileSize(), folder.scheduler(), knownSubjects);
        this.limits = limits(configuration);
        JsonNode defaults = folder.defaults();
        this.defaultSteps = defaults.path("num_inference_steps").asInt(configuration.defaultNumInferenceSteps());
        this.defaultGuidance = (float) defaults.path("guidance_scale").asDouble(configuration.defaultGuidanceScale());
        this.defaultUpscaleFactor = defaults.path("upscale_factor").asInt(1);
    }

    /**
     * Loads a folder and runs each network once.
     *
     * @throws dev.darkroom.inference.ModelDirectoryException if the folder does not fit, naming the component
     */
    static TextToImageModel load(Path folder, TextToImageConfiguration configuration) {
        StableDiffusionModel networks = StableDiffusionModel.load(folder, configuration.sessionSettings());
        try {
            return new TextToImageModel(networks, configuration);
        } catch (RuntimeException e) {
            networks.close();
            throw e;
        }
    }

    /** StableDiffusionPipeline of diffusers overrides these two whatever the folder says: old folders carry values of other models. */
    private static SchedulerConfig schedulerConfig(ModelDirectory directory) {
        return SchedulerConfig.of(directory.schedulerConfig())
                .with("steps_offset", 1)
                .with("clip_sample", false);
    }

    private ImageLimits limits(TextToImageConfiguration configuration) {
        var traits = networks.traits();
        int multiple = traits.vaeScaleFactor() * traits.sizeMultiple();
        return ImageLimits.newBuilder()
                .setMinSize(multiple)
                .setMaxSize(Math.max(multiple, configuration.maxSize() / multiple * multiple))
                .setSizeMultiple(multiple)
                .setMaxNumInferenceSteps(Math.min(
                        configuration.maxNumInferenceSteps(), folder.scheduler().numTrainTimesteps()))
                .setMaxNumImagesPerPrompt(configuration.maxNumImagesPerPrompt())
                .setMaxPromptLength(configuration.maxPromptLength())
                .setPromptWindow(networks.tokenizer().window())
                .build();
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
    public int rowsPerCall() {
        return pipeline.rowsPerCall();
    }

    StableDiffusionPipeline pipeline() {
        return pipeline;
    }

    ImageLimits limits() {
        return limits;
    }

    int defaultSize() {
        return networks.traits().latentSize() * networks.traits().vaeScaleFactor();
    }

    int defaultNumInferenceSteps() {
        return defaultSteps;
    }

    float defaultGuidanceScale() {
        return defaultGuidance;
    }

    ImageModel describe() {
        return ImageModel.newBuilder()
                .setName(folder.name())
                .setPipeline(folder.pipeline())
                .setLicense(folder.license())
                .setDefaults(defaults())
                .setLimits(limits)
                .addAllSchedulers(SchedulerType.labels())
                .setFingerprint(Fingerprints.toProto(folder.fingerprint()))
                .addAllKnownSubjects(knownSubjects.names())
                .setDefaultUpscaleFactor(defaultUpscaleFactor)
                .build();
    }

    private ImageParameters defaults() {
        return ImageParameters.newBuilder()
                .setModel(folder.name())
                .setNumInferenceSteps(defaultSteps)
                .setGuidanceScale(defaultGuidance)
                .setGuidanceRescale(0)
                .setScheduler(folder.ownScheduler())
                .setEta(0)
                .setNumImagesPerPrompt(1)
                .setWidth(defaultSize())
                .setHeight(defaultSize())
                .build();
    }

    @Override
    public void close() {
        networks.close();
    }
}
