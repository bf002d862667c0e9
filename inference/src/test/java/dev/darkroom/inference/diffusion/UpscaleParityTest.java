// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.NoLiveHandles;
import dev.darkroom.inference.onnx.SessionSettings;
import dev.darkroom.inference.onnx.StableDiffusionUpscaleModel;
import dev.darkroom.inference.scheduler.SchedulerConfig;
import dev.darkroom.inference.scheduler.SchedulerType;
import dev.darkroom.inference.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whole upscalings against diffusers in PyTorch float32 on the same folder with the same seeds, as record_upscaler.py recorded them.
 * Latents were recorded in float16, whose rounding of 3e-4 is part of the tolerance; "tiled" was blended in float64 there, here as bytes
 * with one rounding for each tile.
 */
@ExtendWith(NoLiveHandles.class)
final class UpscaleParityTest {
    private static final double LATENTS_RELATIVE_L2 = 1e-3;
    private static final int PIXEL_MAX = 2;
    private static final double PIXEL_MEAN = 0.2;

    @ParameterizedTest
    @ValueSource(strings = {"src/test/resources/tiny-upscaler", "../models/pocket-upscaler"})
    void upscale_recordedCases_agreeWithDiffusers(Path folder) throws Exception {
        assumeTrue(Files.isDirectory(folder), "there is no such model");
        Golden golden = Golden.of(folder.getFileName().toString());
        requireSameWeights(golden, folder);
        try (StableDiffusionUpscaleModel model = StableDiffusionUpscaleModel.load(folder, SessionSettings.cpu())) {
            UpscalePipeline pipeline = UpscalePipeline.of(model, 16, 1);
            for (JsonNode recorded : golden.json().get("cases")) {
                agrees(recorded, golden, pipeline);
            }
        }
    }

    private static void requireSameWeights(Golden golden, Path folder) throws Exception {
        for (Map.Entry<String, JsonNode> recorded :
                golden.json().get("weights_sha256").properties()) {
            byte[] weights = Files.readAllBytes(folder.resolve(recorded.getKey()));
            assertThat(HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(weights)))
                    .as("%s changed: run darkroom-record-upscaler again", recorded.getKey())
                    .isEqualTo(recorded.getValue().asText());
        }
    }

    private static void agrees(JsonNode recorded, Golden golden, UpscalePipeline pipeline) throws IOException {
        String key = recorded.get("key").asText();
        boolean tiled = key.equals("tiled");
        List<Tensor> latents = new ArrayList<>();
        RgbImage image = pipeline.upscale(
                request(recorded, golden.image(tiled ? "tiled.image" : "image")),
                new LatentsOf(latents),
                new Cancellation());

        Tensor expected = golden.tensor(key + ".latents");
        assertThat(latents).as(key).hasSize(expected.dim(0));
        for (int step = 0; step < latents.size(); step++) {
            assertThat(distance(latents.get(step), expected.row(step)))
                    .as("%s, step %d", key, step + 1)
                    .isLessThan(LATENTS_RELATIVE_L2);
        }
        RgbImage pixels = golden.image(key + ".pixels");
        assertThat(image.width()).isEqualTo(pixels.width());
        assertThat(maxDifference(image, pixels)).as(key).isLessThanOrEqualTo(PIXEL_MAX);
        assertThat(meanDifference(image, pixels)).as(key).isLessThanOrEqualTo(PIXEL_MEAN);
    }

    private static Upscaling request(JsonNode recorded, RgbImage image) {
        return new Upscaling(
                image,
                recorded.get("prompt").asText(),
                recorded.get("num_inference_steps").asInt(),
                new Guidance((float) recorded.get("guidance_scale").asDouble(), 0),
                SchedulerType.ofLabel(
                        recorded.get("scheduler").asText(),
                        SchedulerConfig.of(new JsonMapper().createObjectNode().put("_class_name", "DDIMScheduler"))),
                recorded.get("noise_level").asInt(),
                recorded.get("seed").asLong());
    }

    private record LatentsOf(List<Tensor> latents) implements UpscalePipeline.Progress {
        @Override
        public void stageStarted(String stage) {}

        @Override
        public void stepCompleted(int step, int numInferenceSteps, LoopState state) {
            latents.add(state.latents());
        }
    }

    private static double distance(Tensor ours, Tensor expected) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < ours.size(); i++) {
            difference += Math.pow(ours.data()[i] - expected.data()[i], 2);
            norm += Math.pow(expected.data()[i], 2);
        }
        return Math.sqrt(difference / norm);
    }

    private static int maxDifference(RgbImage a, RgbImage b) {
        int max = 0;
        for (int i = 0; i < a.rgb().length; i++) {
            max = Math.max(max, Math.abs((a.rgb()[i] & 0xff) - (b.rgb()[i] & 0xff)));
        }
        return max;
    }

    private static double meanDifference(RgbImage a, RgbImage b) {
        long sum = 0;
        for (int i = 0; i < a.rgb().length; i++) {
            sum += Math.abs((a.rgb()[i] & 0xff) - (b.rgb()[i] & 0xff));
        }
        return sum / (double) a.rgb().length;
    }
}
