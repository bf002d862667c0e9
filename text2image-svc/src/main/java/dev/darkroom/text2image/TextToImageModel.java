// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.onnx.Fingerprint;
import dev.darkroom.inference.onnx.ModelDirectory;
import dev.darkroom.inference.onnx.StableDiffusionModel;
import dev.darkroom.inference.scheduler.SchedulerConfig;
import dev.darkroom.inference.scheduler.SchedulerType;
import dev.darkroom.inference.tensor.Tensor;
import dev.darkroom.text2image.v1.ImageLimits;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A model folder, loaded: what it can do and the pipeline that does it. Thread-safe; {@link #close} only when no generation is in
 * progress.
 */
final class TextToImageModel implements AutoCloseable {
    private final StableDiffusionModel networks;
    private final ModelDirectory directory;
    private final SchedulerConfig schedulerConfig;
    private final KnownSubjects knownSubjects;
    private final Denoiser denoiser;
    private final StableDiffusionPipeline pipeline;
    private final ImageLimits limits;
    private final int defaultSteps;
    private final float defaultGuidance;

    private TextToImageModel(StableDiffusionModel networks, TextToImageConfiguration configuration) {
        this.networks = networks;
        this.directory = networks.directory();
        this.schedulerConfig = schedulerConfig(directory);
        this.knownSubjects = KnownSubjects.of(directory.knownSubjects());
        this.denoiser = Denoiser.probed(networks, configuration.rowsPerCall());
        this.pipeline = new StableDiffusionPipeline(networks, denoiser, schedulerConfig, knownSubjects);
        this.limits = limits(configuration);
        JsonNode defaults = generationDefaults(directory);
        this.defaultSteps = defaults.path("num_inference_steps").asInt(configuration.defaultNumInferenceSteps());
        this.defaultGuidance = (float) defaults.path("guidance_scale").asDouble(configuration.defaultGuidanceScale());
    }

    /**
     * Loads a folder and runs each network once.
     *
     * @throws ModelDirectoryException if the folder does not fit, naming the component
     */
    static TextToImageModel load(Path folder, TextToImageConfiguration configuration) {
        StableDiffusionModel networks = StableDiffusionModel.load(folder, configuration.sessionSettings());
        try {
            TextToImageModel model = new TextToImageModel(networks, configuration);
            model.warmUp();
            return model;
        } catch (RuntimeException e) {
            networks.close();
            throw e;
        }
    }

    private void warmUp() {
        int cells = Denoiser.probeSize(networks.traits());
        networks.decode(Tensor.zeros(1, networks.traits().latentChannels(), cells, cells), new Cancellation());
    }

    /** StableDiffusionPipeline of diffusers overrides these two whatever the folder says: old folders carry values of other models. */
    private static SchedulerConfig schedulerConfig(ModelDirectory directory) {
        return SchedulerConfig.of(directory.schedulerConfig())
                .with("steps_offset", 1)
                .with("clip_sample", false);
    }

    private static JsonNode generationDefaults(ModelDirectory directory) {
        Path file = directory.root().resolve("generation_defaults.json");
        JsonMapper json = new JsonMapper();
        try {
            return Files.isRegularFile(file) ? json.readTree(file.toFile()) : json.createObjectNode();
        } catch (IOException e) {
            throw new ModelDirectoryException("folder", "generation_defaults.json", "JSON", "something else");
        }
    }

    private ImageLimits limits(TextToImageConfiguration configuration) {
        var traits = networks.traits();
        // Each U-Net level but the first halves its input, which must come out whole.
        int levels = directory.config("unet").path("block_out_channels").size();
        int multiple = traits.vaeScaleFactor() << Math.max(0, levels - 1);
        return ImageLimits.newBuilder()
                .setMinSize(multiple)
                .setMaxSize(Math.max(multiple, configuration.maxSize() / multiple * multiple))
                .setSizeMultiple(multiple)
                .setMaxNumInferenceSteps(
                        Math.min(configuration.maxNumInferenceSteps(), schedulerConfig.numTrainTimesteps()))
                .setMaxNumImagesPerPrompt(configuration.maxNumImagesPerPrompt())
                .setMaxPromptLength(configuration.maxPromptLength())
                .setPromptWindow(networks.tokenizer().window())
                .build();
    }

    String name() {
        return directory.name();
    }

    StableDiffusionPipeline pipeline() {
        return pipeline;
    }

    SchedulerConfig schedulerConfig() {
        return schedulerConfig;
    }

    /** Returns the sampler that the folder was made for; empty if Darkroom does not have it. */
    Optional<SchedulerType> ownScheduler() {
        try {
            return Optional.of(SchedulerType.of(schedulerConfig));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    Fingerprint fingerprint() {
        return networks.fingerprint();
    }

    int rowsPerCall() {
        return denoiser.rowsPerCall();
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
                .setName(name())
                .setPipeline(directory.index().path("_class_name").asText())
                .setLicense(directory.license().orElse(""))
                .setDefaults(defaults())
                .setLimits(limits)
                .addAllSchedulers(SchedulerType.labels())
                .setFingerprint(fingerprintProto())
                .addAllKnownSubjects(knownSubjects.names())
                .build();
    }

    private ImageParameters defaults() {
        return ImageParameters.newBuilder()
                .setModel(name())
                .setNumInferenceSteps(defaultSteps)
                .setGuidanceScale(defaultGuidance)
                .setGuidanceRescale(0)
                .setScheduler(ownScheduler().map(SchedulerType::label).orElse(""))
                .setEta(0)
                .setNumImagesPerPrompt(1)
                .setWidth(defaultSize())
                .setHeight(defaultSize())
                .build();
    }

    dev.darkroom.media.v1.Fingerprint fingerprintProto() {
        return dev.darkroom.media.v1.Fingerprint.newBuilder()
                .setModelDigest(fingerprint().modelDigest())
                .setRuntime(fingerprint().runtime())
                .setCpuFeatures(fingerprint().cpu())
                .setDarkroomVersion(version())
                .build();
    }

    /** Returns Darkroom's version from the jar's manifest. */
    static String version() {
        @Nullable String version = TextToImageModel.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    @Override
    public void close() {
        networks.close();
    }
}
