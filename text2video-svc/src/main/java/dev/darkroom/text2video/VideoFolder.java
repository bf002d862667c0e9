// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.onnx.LatentDiffusionModel.Traits;
import dev.darkroom.inference.onnx.ModelDirectory;
import dev.darkroom.inference.scheduler.SchedulerType;
import dev.darkroom.text2video.v1.VideoLimits;
import dev.darkroom.text2video.v1.VideoModel;
import dev.darkroom.text2video.v1.VideoParameters;
import java.nio.file.Path;
import java.util.Optional;

/** A folder that makes clips from text: what it can do and the pipeline that does it. Thread-safe. */
final class VideoFolder implements AutoCloseable {
    /** What diffusers' two pipelines have where neither a request nor the folder says. */
    private static final int NUM_FRAMES = 16;

    private static final int NUM_INFERENCE_STEPS = 50;
    private static final int FRAME_RATE = 8;

    private final TextToVideoPipeline pipeline;
    private final JsonNode said;
    private final VideoLimits limits;

    private VideoFolder(TextToVideoPipeline pipeline, JsonNode said, TextToVideoConfiguration configuration) {
        this.pipeline = pipeline;
        this.said = said;
        this.limits = limits(configuration);
    }

    /**
     * Loads a folder and runs its networks once.
     *
     * @throws ModelDirectoryException if the folder does not fit, naming the component
     */
    static VideoFolder load(Path folder, TextToVideoConfiguration configuration) {
        ModelDirectory directory = ModelDirectory.open(folder);
        JsonNode said = directory.optionalJson("generation_defaults.json");
        TextToVideoPipeline pipeline = TextToVideoPipeline.open(directory, window(directory, said), configuration);
        try {
            return new VideoFolder(pipeline, said, configuration);
        } catch (RuntimeException e) {
            pipeline.close();
            throw e;
        }
    }

    /** Returns how many frames the model draws at once; motion modules have places for only so many. */
    private static int window(ModelDirectory directory, JsonNode said) {
        int places = directory.config("unet").path("motion_max_seq_length").asInt(Integer.MAX_VALUE);
        return Math.clamp(said.path("num_frames").asInt(NUM_FRAMES), 1, places);
    }

    private VideoLimits limits(TextToVideoConfiguration configuration) {
        Traits traits = pipeline.networks().traits();
        int multiple = traits.vaeScaleFactor() * traits.sizeMultiple();
        int fixed = fixedSize(traits);
        return VideoLimits.newBuilder()
                .setMinSize(fixed > 0 ? fixed : multiple)
                .setMaxSize(fixed > 0 ? fixed : Math.max(multiple, configuration.maxSize() / multiple * multiple))
                .setSizeMultiple(multiple)
                .setMaxNumInferenceSteps(Math.min(
                        configuration.maxNumInferenceSteps(),
                        pipeline.scheduler().numTrainTimesteps()))
                .setMaxNumFrames(Math.max(configuration.maxNumFrames(), pipeline.window()))
                .setWindow(pipeline.window())
                .setMaxPromptLength(configuration.maxPromptLength())
                .setPromptWindow(pipeline.promptWindow())
                .setMaxClipSkip(pipeline.maxClipSkip())
                .build();
    }

    /** Returns the only width and height that the graph draws, in pixels; 0 if it draws many. */
    private int fixedSize(Traits traits) {
        int height = pipeline.networks().network().fixedHeight();
        int width = pipeline.networks().network().fixedWidth();
        if (height != width) {
            throw new ModelDirectoryException(
                    "unet", "height and width of the latents", "open, or equal", height + " and " + width);
        }
        return height > 0 ? height * traits.vaeScaleFactor() : 0;
    }

    TextToVideoPipeline pipeline() {
        return pipeline;
    }

    String name() {
        return pipeline.networks().directory().name();
    }

    VideoLimits limits() {
        return limits;
    }

    /** Returns the least number of frames; more than one where the graph takes no fewer than its window. */
    int minNumFrames() {
        return pipeline.networks().network().fixedFrames() > 0 ? pipeline.window() : 1;
    }

    /** Returns what a request gets that leaves everything out, but for what does not depend on the folder. */
    VideoParameters defaults() {
        Traits traits = pipeline.networks().traits();
        int multiple = limits.getSizeMultiple();
        int usual = traits.latentSize() * traits.vaeScaleFactor() / multiple * multiple;
        int size = Math.clamp(usual, limits.getMinSize(), limits.getMaxSize());
        return VideoParameters.newBuilder()
                .setModel(name())
                .setNumInferenceSteps(said.path("num_inference_steps").asInt(NUM_INFERENCE_STEPS))
                .setGuidanceScale((float)
                        said.path("guidance_scale").asDouble(pipeline.family().guidanceScale()))
                .setScheduler(ownScheduler().map(SchedulerType::label).orElse(""))
                .setEta(0)
                .setClipSkip(0)
                .setNumFrames(pipeline.window())
                .setFrameRate(said.path("frame_rate").asInt(FRAME_RATE))
                .setWidth(size)
                .setHeight(size)
                .build();
    }

    private Optional<SchedulerType> ownScheduler() {
        try {
            return Optional.of(SchedulerType.of(pipeline.scheduler()));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    VideoModel describe(VideoParameters defaults) {
        ModelDirectory directory = pipeline.networks().directory();
        return VideoModel.newBuilder()
                .setName(name())
                .setPipeline(directory.index().path("_class_name").asText())
                .setLicense(directory.license().orElse(""))
                .setDefaults(defaults)
                .setLimits(limits)
                .addAllSchedulers(SchedulerType.labels(pipeline.scheduler()))
                .setFingerprint(Fingerprints.toProto(pipeline.networks().fingerprint()))
                .addAllKnownSubjects(directory.knownSubjects())
                .build();
    }

    @Override
    public void close() {
        pipeline.close();
    }
}
