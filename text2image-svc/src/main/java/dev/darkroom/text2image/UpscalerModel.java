// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.diffusion.Denoiser;
import dev.darkroom.inference.diffusion.UpscalePipeline;
import dev.darkroom.inference.image.ImageLimits;
import dev.darkroom.inference.onnx.StableDiffusionUpscaleModel;
import dev.darkroom.inference.scheduler.SchedulerConfig;
import dev.darkroom.inference.scheduler.SchedulerType;
import dev.darkroom.inference.tokenizer.Tokenizer;
import dev.darkroom.text2image.v1.UpscaleLimits;
import dev.darkroom.text2image.v1.UpscaleModel;
import dev.darkroom.text2image.v1.UpscaleParameters;
import java.nio.file.Path;

/** A folder that enlarges pictures: what it can do and the pipeline that does it. */
final class UpscalerModel implements LoadedModel {
    private static final int MIN_SIZE = 8;
    private static final int MAX_IMAGE_BYTES = 16 << 20;

    private final StableDiffusionUpscaleModel networks;
    private final ModelFolder folder;
    private final UpscalePipeline pipeline;
    private final UpscaleLimits limits;
    private final UpscaleParameters defaults;

    private UpscalerModel(StableDiffusionUpscaleModel networks, TextToImageConfiguration configuration) {
        this.networks = networks;
        this.folder =
                ModelFolder.of(networks, SchedulerConfig.of(networks.directory().schedulerConfig()));
        this.pipeline = UpscalePipeline.of(networks, configuration.rowsPerCall(), configuration.vaeTileSize());
        this.limits = limits(configuration);
        this.defaults = defaults();
    }

    /**
     * Loads a folder and runs its U-Net and text encoder once.
     *
     * @throws ModelDirectoryException if the folder does not fit, naming the component
     */
    static UpscalerModel load(Path folder, TextToImageConfiguration configuration) {
        StableDiffusionUpscaleModel networks =
                StableDiffusionUpscaleModel.load(folder, configuration.sessionSettings());
        try {
            return new UpscalerModel(networks, configuration);
        } catch (RuntimeException e) {
            networks.close();
            throw e;
        }
    }

    private UpscaleLimits limits(TextToImageConfiguration configuration) {
        return UpscaleLimits.newBuilder()
                .setMinSize(MIN_SIZE)
                .setMaxSize(configuration.maxUpscaleSize())
                .setMaxNumInferenceSteps(Math.min(
                        configuration.maxNumInferenceSteps(), folder.scheduler().numTrainTimesteps()))
                .setMaxNoiseLevel(networks.maxNoiseLevel())
                .setMaxPromptLength(configuration.maxPromptLength())
                .setMaxImageBytes(MAX_IMAGE_BYTES)
                .build();
    }

    /** Where the folder does not say: the defaults of diffusers' StableDiffusionUpscalePipeline. */
    private UpscaleParameters defaults() {
        JsonNode said = folder.defaults();
        return UpscaleParameters.newBuilder()
                .setModel(folder.name())
                .setNumInferenceSteps(said.path("num_inference_steps").asInt(75))
                .setGuidanceScale((float) said.path("guidance_scale").asDouble(9))
                .setNoiseLevel(Math.min(said.path("noise_level").asInt(20), networks.maxNoiseLevel()))
                .setScheduler(folder.ownScheduler())
                .build();
    }

    @Override
    public String kind() {
        return "upscaler";
    }

    @Override
    public ModelFolder folder() {
        return folder;
    }

    @Override
    public Denoiser denoiser() {
        return pipeline.denoiser();
    }

    @Override
    public void tune(int mostLanes) {
        pipeline.tune(mostLanes);
    }

    UpscalePipeline pipeline() {
        return pipeline;
    }

    Tokenizer tokenizer() {
        return networks.textEncoder().tokenizer();
    }

    UpscaleLimits limits() {
        return limits;
    }

    ImageLimits imageLimits() {
        return new ImageLimits(limits.getMinSize(), limits.getMaxSize(), limits.getMaxImageBytes());
    }

    /** Returns what a request gets that leaves everything out; prompt and seed are not set. */
    UpscaleParameters defaultParameters() {
        return defaults;
    }

    UpscaleModel describe() {
        return UpscaleModel.newBuilder()
                .setName(folder.name())
                .setPipeline(folder.pipeline())
                .setLicense(folder.license())
                .setScaleFactor(networks.traits().vaeScaleFactor())
                .setDefaults(defaults)
                .setLimits(limits)
                .addAllSchedulers(SchedulerType.labels(folder.scheduler()))
                .setFingerprint(Fingerprints.toProto(folder.fingerprint()))
                .build();
    }

    @Override
    public void close() {
        networks.close();
    }
}
