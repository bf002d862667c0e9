// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.InterpolationModel;
import dev.darkroom.inference.onnx.LiveHandles;
import dev.darkroom.inference.onnx.SessionSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On a graph that blends linearly, with the inputs of the real thing. */
final class FrameInterpolatorTest {
    private static final Path TINY = Path.of("src/test/resources/tiny-interpolation");

    @TempDir
    private Path temporary;

    @AfterEach
    void everySessionIsClosed() {
        assertThat(LiveHandles.count()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"64, 64", "33, 17"})
    void between_twoFrames_isOfTheirSizeAtTheTime(int width, int height) {
        RgbImage first = picture(width, height, i -> i % 200);
        RgbImage second = picture(width, height, i -> i % 200 + 40);
        try (InterpolationModel model = InterpolationModel.load(TINY, SessionSettings.cpu())) {
            RgbImage quarter =
                    new FrameInterpolator(model).between(first, second, 0.25f, call -> call.apply(new Cancellation()));

            assertThat(quarter).isEqualTo(picture(width, height, i -> i % 200 + 10));
        }
    }

    @Test
    void load_graphWithOtherInputs_isRefused() throws IOException {
        Files.writeString(temporary.resolve("config.json"), "{\"_class_name\": \"RIFE\"}");
        Files.copy(Path.of("src/test/resources/tiny-upscaler/vae/decoder_model.onnx"), temporary.resolve("model.onnx"));
        Files.copy(
                Path.of("src/test/resources/tiny-upscaler/vae/diffusion_pytorch_model.safetensors"),
                temporary.resolve("diffusion_pytorch_model.safetensors"));

        assertThat(InterpolationModel.isOne(temporary)).isTrue();
        assertThatThrownBy(() -> InterpolationModel.load(temporary, SessionSettings.cpu()))
                .isInstanceOf(ModelDirectoryException.class)
                .hasMessageContaining("img0");
    }

    @Test
    void isBetween_motionPanOrLight_isNoCut() {
        assertThat(SceneCut.isBetween(scene(0, 0, 0), scene(30, 0, 0)))
                .as("motion")
                .isFalse();
        assertThat(SceneCut.isBetween(scene(0, 0, 0), scene(0, 24, 0)))
                .as("pan")
                .isFalse();
        assertThat(SceneCut.isBetween(scene(0, 0, 0), scene(0, 0, 20)))
                .as("light")
                .isFalse();
    }

    @Test
    void isBetween_anotherScene_isACut() {
        RgbImage forest = picture(64, 64, i -> switch (i % 3) {
            case 0 -> 20;
            case 1 -> 90 + i / 400;
            default -> 30;
        });

        assertThat(SceneCut.isBetween(scene(0, 0, 0), forest)).isTrue();
        assertThat(SceneCut.isBetween(forest, scene(0, 0, 0))).isTrue();
    }

    /** A red disc over a sky and sand. */
    private static RgbImage scene(int disc, int pan, int light) {
        byte[] rgb = new byte[64 * 64 * 3];
        for (int i = 0; i < 64 * 64; i++) {
            int x = i % 64;
            int y = i / 64;
            int wave = (x + pan) % 32;
            int[] colour = y < 36 ? new int[] {90 + wave, 150 + wave, 220} : new int[] {220, 190 - wave, 120};
            if (Math.hypot(x - 16 - disc, y - 30) < 12) {
                colour = new int[] {200, 40, 40};
            }
            for (int channel = 0; channel < 3; channel++) {
                rgb[3 * i + channel] = (byte) Math.min(255, colour[channel] + light);
            }
        }
        return RgbImage.of(64, 64, rgb);
    }

    private static RgbImage picture(int width, int height, IntUnaryOperator value) {
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) value.applyAsInt(i);
        }
        return RgbImage.of(width, height, rgb);
    }
}
