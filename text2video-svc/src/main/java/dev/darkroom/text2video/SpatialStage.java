// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.diffusion.Guidance;
import dev.darkroom.inference.diffusion.LoopState;
import dev.darkroom.inference.diffusion.StepBatcher;
import dev.darkroom.inference.diffusion.UpscalePipeline;
import dev.darkroom.inference.diffusion.Upscaling;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.StableDiffusionUpscaleModel;
import dev.darkroom.inference.scheduler.SchedulerConfig;
import dev.darkroom.inference.scheduler.SchedulerType;
import dev.darkroom.text2video.v1.UsedModel;
import java.nio.file.Path;

/**
 * Enlarges frames one by one, as its folder's defaults say. All frames of a clip share the noise of the clip's seed, so that what is drawn does not flicker.
 * Thread-safe.
 */
final class SpatialStage implements AutoCloseable {
    private final StableDiffusionUpscaleModel networks;
    private final UpscalePipeline pipeline;
    private final SchedulerType scheduler;
    private final JsonNode said;

    private SpatialStage(StableDiffusionUpscaleModel networks, TextToVideoConfiguration configuration) {
        this.networks = networks;
        this.scheduler =
                SchedulerType.of(SchedulerConfig.of(networks.directory().schedulerConfig()));
        this.said = networks.directory().optionalJson("generation_defaults.json");
        this.pipeline = UpscalePipeline.of(networks, configuration.rowsPerCall(), configuration.vaeTileSize());
    }

    static SpatialStage load(Path folder, TextToVideoConfiguration configuration) {
        StableDiffusionUpscaleModel networks =
                StableDiffusionUpscaleModel.load(folder, configuration.sessionSettings());
        try {
            return new SpatialStage(networks, configuration);
        } catch (RuntimeException e) {
            networks.close();
            throw e;
        }
    }

    void tune(int mostLanes) {
        pipeline.tune(mostLanes);
    }

    /** Returns what width and height are multiplied by. */
    int factor() {
        return networks.traits().vaeScaleFactor();
    }

    UsedModel describe() {
        return UsedModel.newBuilder()
                .setName(networks.directory().name())
                .setFingerprint(Fingerprints.toProto(networks.fingerprint()))
                .build();
    }

    /**
     * Enlarges a frame.
     *
     * @throws java.util.concurrent.CancellationException within one network call after {@code cancellation} is cancelled
     */
    RgbImage enlarge(RgbImage frame, VideoRequest request, StepBatcher batcher, Cancellation cancellation) {
        Upscaling upscaling = new Upscaling(
                frame,
                request.prompt(),
                said.path("num_inference_steps").asInt(75),
                new Guidance((float) said.path("guidance_scale").asDouble(9), 0),
                scheduler,
                Math.min(said.path("noise_level").asInt(20), networks.maxNoiseLevel()),
                request.seed());
        try (Work work = pipeline.open(batcher, upscaling, 0, cancellation)) {
            return pipeline.upscale(upscaling, new Silent(), work);
        }
    }

    /** One frame is a step of its stage. */
    private static final class Silent implements UpscalePipeline.Progress {
        @Override
        public void stageStarted(String stage) {}

        @Override
        public void stepCompleted(int step, int numInferenceSteps, LoopState state) {}
    }

    @Override
    public void close() {
        networks.close();
    }
}
