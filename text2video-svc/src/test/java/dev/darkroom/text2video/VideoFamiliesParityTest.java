// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.diffusion.StepBatcher;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.LiveHandles;
import dev.darkroom.inference.scheduler.SchedulerConfig;
import dev.darkroom.inference.scheduler.SchedulerType;
import dev.darkroom.inference.tensor.Tensor;
import dev.darkroom.text2video.v1.VideoParameters;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole clips of every family against diffusers in PyTorch float32 on the same folder with the same seeds, as record_video.py recorded them. */
final class VideoFamiliesParityTest {
    private static final double LATENTS_RELATIVE_L2 = 1e-3;
    private static final int PIXEL_MAX = 2;
    private static final Path POCKET = Path.of("../models/pocket-video");

    @TempDir
    private Path temporary;

    @AfterEach
    void everySessionIsClosed() {
        assertThat(LiveHandles.count()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"modelscope", "animatediff"})
    void generate_recordedCases_agreeWithDiffusers(String family) throws IOException {
        agrees(RecordedClips.unpack(family, temporary));
    }

    /** Trained weights, and a sampler with a history through the whole loop. */
    @Test
    @EnabledIf("pocketVideoIsRecorded")
    void generate_pocketVideo_agreesWithDiffusers() throws IOException {
        agrees(RecordedClips.read("pocket-video", POCKET));
    }

    static boolean pocketVideoIsRecorded() {
        return RecordedClips.has("pocket-video");
    }

    private static void agrees(RecordedClips recorded) {
        try (VideoFolder video = VideoFolder.load(recorded.folder(), RecordedClips.CONFIGURATION)) {
            for (JsonNode golden : recorded.json().get("cases")) {
                agrees(golden, recorded, video);
            }
        }
    }

    private static void agrees(JsonNode golden, RecordedClips recorded, VideoFolder video) {
        String key = golden.get("key").asText();
        VideoRequest request = request(golden);
        List<Tensor> latents = new ArrayList<>();
        List<RgbImage> frames = generate(request, video, latents);

        Tensor expected = recorded.floats(key + ".latents"); // (steps, 1, C, F, h, w), the last ones at least
        int unrecorded = latents.size() - expected.dim(0);
        assertThat(unrecorded).as(key).isNotNegative();
        for (int step = 0; step < expected.dim(0); step++) {
            assertThat(RecordedClips.distance(latents.get(unrecorded + step), expected.row(step)))
                    .as("%s, step %d", key, unrecorded + step + 1)
                    .isLessThan(LATENTS_RELATIVE_L2);
        }
        byte[] pixels = recorded.bytes(key + ".pixels"); // (1, F, H, W, 3)
        for (int i = 0; i < pixels.length; i++) {
            byte[] ours = frames.get(i / (pixels.length / frames.size())).rgb();
            assertThat(Math.abs((ours[i % ours.length] & 0xff) - (pixels[i] & 0xff)))
                    .as(key)
                    .isLessThanOrEqualTo(PIXEL_MAX);
        }
    }

    private static List<RgbImage> generate(VideoRequest request, VideoFolder video, List<Tensor> latents) {
        TextToVideoPipeline pipeline = video.pipeline();
        try (StepBatcher batcher = StepBatcher.start(1);
                Work work = pipeline.open(batcher, request, new Cancellation())) {
            Tensor made = pipeline.denoise(request, new Listening(latents), work);
            List<RgbImage> frames = new ArrayList<>();
            for (int frame = 0; frame < request.numFrames(); frame++) {
                frames.add(pipeline.frame(made, frame, work));
            }
            return frames;
        }
    }

    private record Listening(List<Tensor> steps) implements TextToVideoPipeline.Progress {
        @Override
        public void denoisingStarted() {}

        @Override
        public void warning(String reason, String message) {}

        @Override
        public void stepCompleted(int step, int of, Tensor latents, Tensor predicted) {
            steps.add(latents);
        }
    }

    private static VideoRequest request(JsonNode golden) {
        JsonNode options = golden.get("options");
        SchedulerType scheduler = SchedulerType.of(SchedulerConfig.of(new JsonMapper()
                .createObjectNode()
                .put("_class_name", golden.get("scheduler").asText())));
        VideoParameters parameters = VideoParameters.newBuilder()
                .setPrompt(golden.get("prompt").asText())
                .setNegativePrompt(options.path("negative_prompt").asText())
                .setClipSkip(options.path("clip_skip").asInt())
                .setSeed(golden.get("seed").asLong())
                .setNumInferenceSteps(golden.get("num_inference_steps").asInt())
                .setGuidanceScale((float) golden.get("guidance_scale").asDouble())
                .setNumFrames(golden.get("num_frames").asInt())
                .setHeight(golden.get("height").asInt())
                .setWidth(golden.get("width").asInt())
                .build();
        return new VideoRequest(parameters, scheduler, 0, false);
    }
}
