// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.LiveHandles;
import dev.darkroom.inference.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whole generations of every family against diffusers in PyTorch float32 on the same folder with the same seeds, as record_families.py recorded
 * them. The folders are random and tiny; their networks are scaled so that prompt and conditions move the result by 3 % and more.
 */
final class FamiliesParityTest {
    private static final double LATENTS_RELATIVE_L2 = 1e-3;
    private static final int PIXEL_MAX = 2;

    @TempDir
    private Path temporary;

    @AfterEach
    void everySessionIsClosed() {
        assertThat(LiveHandles.count()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"stable-diffusion", "pixart-alpha", "pixart-sigma", "sdxl", "sdxl-refiner", "lcm"})
    void generate_recordedCases_agreeWithDiffusers(String family) throws IOException {
        RecordedFamily recorded = RecordedFamily.unpack(family, temporary);
        Path refinerFolder = RecordedFamily.unpack("sdxl-refiner", temporary).folder();
        try (TextToImageModel model = TextToImageModel.load(recorded.folder(), RecordedFamily.CONFIGURATION);
                TextToImageModel refiner = TextToImageModel.load(refinerFolder, RecordedFamily.CONFIGURATION)) {
            for (JsonNode golden : recorded.json().get("cases")) {
                agrees(golden, recorded, model, refiner);
            }
        }
    }

    /** Trained weights, and samplers with a history through the whole loop. */
    @Test
    void generate_pocketDit_agreesWithDiffusers() throws IOException {
        RecordedFamily recorded = RecordedFamily.read("pocket-dit", Path.of("../models/pocket-dit"));
        try (TextToImageModel model = TextToImageModel.load(recorded.folder(), RecordedFamily.CONFIGURATION)) {
            for (JsonNode golden : recorded.json().get("cases")) {
                agrees(golden, recorded, model, model);
            }
        }
    }

    private static void agrees(
            JsonNode golden, RecordedFamily recorded, TextToImageModel model, TextToImageModel refiner) {
        String key = golden.get("key").asText();
        List<Tensor> latents = new ArrayList<>();
        List<RgbImage> images = recorded.generate(key, model, refiner, latents);

        Tensor expected = recorded.floats(key + ".latents"); // (steps, N, C, h, w)
        assertThat(latents).as(key).hasSize(expected.dim(0));
        for (int step = 0; step < latents.size(); step++) {
            assertThat(RecordedFamily.distance(latents.get(step), expected.row(step)))
                    .as("%s, step %d", key, step + 1)
                    .isLessThan(LATENTS_RELATIVE_L2);
        }
        byte[] pixels = recorded.bytes(key + ".pixels"); // (N, H, W, 3)
        for (int i = 0; i < pixels.length; i++) {
            byte[] ours = images.get(i / (pixels.length / images.size())).rgb();
            assertThat(Math.abs((ours[i % ours.length] & 0xff) - (pixels[i] & 0xff)))
                    .as(key)
                    .isLessThanOrEqualTo(PIXEL_MAX);
        }
    }
}
