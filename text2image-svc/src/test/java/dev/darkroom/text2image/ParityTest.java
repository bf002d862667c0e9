// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.diffusion.StepBatcher;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.ExecutionProvider;
import dev.darkroom.inference.tensor.Tensor;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.ImageParameters;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Whole generations on the real pocket-unet against diffusers in PyTorch float32 on the same folder with the same seeds, as
 * record_parity.py recorded them. Latents were recorded in float16, whose rounding of 3e-4 is part of the tolerance.
 */
final class ParityTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");
    private static final Path MODEL = Path.of("../models/pocket-unet");
    private static final double LATENTS_RELATIVE_L2 = 1e-3;
    private static final int PIXEL_MAX = 2;
    private static final double PIXEL_MEAN = 0.2;

    private static TextToImageModel model;
    private static JsonNode golden;
    private static ByteBuffer tensors;
    private static JsonNode header;

    @BeforeAll
    static void load() throws IOException {
        golden = new JsonMapper()
                .readTree(GOLDEN.resolve("pocket-unet-parity.json").toFile());
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(GOLDEN.resolve("pocket-unet-parity.safetensors")))
                .order(ByteOrder.LITTLE_ENDIAN);
        int length = Math.toIntExact(file.getLong());
        header = new JsonMapper()
                .readTree(StandardCharsets.UTF_8.decode(file.slice(8, length)).toString());
        tensors = file.slice(8 + length, file.limit() - 8 - length).order(ByteOrder.LITTLE_ENDIAN);
        model = TextToImageModel.load(
                MODEL,
                new TextToImageConfiguration(
                        Path.of("../models"),
                        List.of(),
                        ExecutionProvider.CPU,
                        0,
                        16,
                        0,
                        false,
                        1024,
                        512,
                        64,
                        1000,
                        16,
                        2000,
                        50,
                        7.5f));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @TestFactory
    Stream<DynamicTest> generate_recordedCase_agreesWithDiffusers() {
        return StreamSupport.stream(golden.get("cases").spliterator(), false)
                .map(recorded -> DynamicTest.dynamicTest(
                        recorded.get("scheduler").asText() + " " + recorded.get("num_inference_steps") + ": "
                                + recorded.get("prompt").asText(),
                        () -> agrees(recorded)));
    }

    @Test
    void golden_weights_areThoseOfTheModelFolder() throws Exception {
        for (Map.Entry<String, JsonNode> recorded : golden.get("weights_sha256").properties()) {
            byte[] weights = Files.readAllBytes(MODEL.resolve(recorded.getKey()));
            assertThat(HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(weights)))
                    .as("%s changed: run darkroom-record-parity again", recorded.getKey())
                    .isEqualTo(recorded.getValue().asText());
        }
    }

    private static void agrees(JsonNode recorded) {
        List<Tensor> latents = new ArrayList<>();
        RgbImage image = generate(request(recorded, 1), latents).getFirst();

        ByteBuffer expected = tensor(recorded, "latents", "F16");
        assertThat(latents).hasSize(recorded.get("num_inference_steps").asInt());
        for (int step = 0; step < latents.size(); step++) {
            assertThat(distance(latents.get(step), expected))
                    .as("step %d", step + 1)
                    .isLessThan(LATENTS_RELATIVE_L2);
        }
        ByteBuffer pixels = tensor(recorded, "pixels", "U8");
        long sum = 0;
        for (byte value : image.rgb()) {
            int difference = Math.abs((value & 0xff) - (pixels.get() & 0xff));
            assertThat(difference).isLessThanOrEqualTo(PIXEL_MAX);
            sum += difference;
        }
        assertThat(sum / (double) image.rgb().length).isLessThanOrEqualTo(PIXEL_MEAN);
    }

    @Test
    void generate_eightPictures_haveTheBytesThatEachHasAlone() {
        JsonNode recorded = golden.get("cases").get(0);
        List<RgbImage> together = generate(request(recorded, 8), new ArrayList<>());
        for (int i : new int[] {0, 3, 7}) {
            ImageParameters parameters = request(recorded, 1).getParameters();
            GenerateRequest alone = GenerateRequest.newBuilder()
                    .setParameters(parameters.toBuilder().setSeed(parameters.getSeed() + i))
                    .build();
            assertThat(generate(alone, new ArrayList<>())).containsExactly(together.get(i));
        }
        assertThat(model.denoiser().rowsPerCall())
                .as("the probe found rows independent")
                .isGreaterThan(1);
    }

    private static List<RgbImage> generate(GenerateRequest request, List<Tensor> latents) {
        GenerationRequest made = GenerationRequest.from(request, model, _ -> model);
        try (StepBatcher batcher = StepBatcher.start(1);
                Work work = model.pipeline().open(batcher, made, new Cancellation())) {
            return model.pipeline()
                    .generate(
                            made,
                            event -> {
                                if (event instanceof GenerationEvent.StepCompleted step) {
                                    latents.add(step.state().latents());
                                }
                            },
                            work);
        }
    }

    private static GenerateRequest request(JsonNode recorded, int images) {
        return GenerateRequest.newBuilder()
                .setParameters(ImageParameters.newBuilder()
                        .setPrompt(recorded.get("prompt").asText())
                        .setNegativePrompt(recorded.get("negative_prompt").asText())
                        .setSeed(recorded.get("seed").asLong())
                        .setGuidanceScale((float) recorded.get("guidance_scale").asDouble())
                        .setGuidanceRescale(
                                (float) recorded.path("guidance_rescale").asDouble())
                        .setScheduler(recorded.get("scheduler").asText())
                        .setNumInferenceSteps(
                                recorded.get("num_inference_steps").asInt())
                        .setNumImagesPerPrompt(images))
                .build();
    }

    private static ByteBuffer tensor(JsonNode recorded, String name, String type) {
        JsonNode entry = header.get(recorded.get("key").asText() + "." + name);
        assertThat(entry.get("dtype").asText()).isEqualTo(type);
        int start = entry.get("data_offsets").get(0).asInt();
        int end = entry.get("data_offsets").get(1).asInt();
        return tensors.slice(start, end - start).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static double distance(Tensor ours, ByteBuffer expected) {
        double difference = 0;
        double norm = 0;
        for (float value : ours.data()) {
            float reference = Float.float16ToFloat(expected.getShort());
            difference += Math.pow(value - reference, 2);
            norm += Math.pow(reference, 2);
        }
        return Math.sqrt(difference / norm);
    }
}
