// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.ExecutionProvider;
import dev.darkroom.inference.onnx.LiveHandles;
import dev.darkroom.inference.onnx.SessionSettings;
import dev.darkroom.inference.onnx.StableDiffusionUpscaleModel;
import dev.darkroom.inference.scheduler.SchedulerType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On the tiny random upscaler: tiles of 16 latents, 4 pixels each. */
final class UpscalePipelineTest {
    private static final Path TINY = Path.of("src/test/resources/tiny-upscaler");
    private static final SessionSettings SETTINGS = new SessionSettings(ExecutionProvider.CPU, 1);

    private static StableDiffusionUpscaleModel model;
    private static UpscalePipeline pipeline;

    @BeforeAll
    static void load() {
        model = StableDiffusionUpscaleModel.load(TINY, SETTINGS);
        pipeline = UpscalePipeline.of(model, 16, 1);
    }

    @AfterAll
    static void close() {
        model.close();
        assertThat(LiveHandles.count()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"8, 8", "16, 16", "17, 9", "40, 21", "8, 33"})
    void upscale_anySize_isFourTimesThat(int width, int height) {
        RgbImage large = upscale(pipeline, request(picture(width, height), 1));

        assertThat(large.width()).isEqualTo(4 * width);
        assertThat(large.height()).isEqualTo(4 * height);
    }

    @Test
    void upscale_smallerThanATile_isThePaddedPictureCropped() {
        RgbImage small = picture(9, 13);
        RgbImage padded = upscale(pipeline, request(small.padded(16, 16), 3));

        assertThat(upscale(pipeline, request(small, 3))).isEqualTo(padded.cropped(36, 52));
    }

    @Test
    void upscale_anyRowsPerCall_givesTheSameBytes() {
        assertThat(pipeline.denoiser().rowsPerCall())
                .as("the probe found rows independent")
                .isEqualTo(16);
        UpscalePipeline single = UpscalePipeline.of(model, 1, 1);
        UpscalePipeline three = UpscalePipeline.of(model, 3, 1);
        Upscaling request = request(picture(40, 28), 5, 2f);

        RgbImage expected = upscale(single, request);
        assertThat(upscale(pipeline, request)).isEqualTo(expected);
        assertThat(upscale(three, request)).isEqualTo(expected);
        assertThat(upscale(pipeline, request(picture(40, 28), 6, 2f))).isNotEqualTo(expected);
    }

    @Test
    void upscale_everyStepAndStage_isTold() {
        Recording recording = new Recording();
        pipeline.upscale(request(picture(24, 24), 1), recording, new Cancellation());

        assertThat(recording.told).containsExactly("text_encoder", "denoise", "1/3", "2/3", "3/3", "vae_decoder");
    }

    @Test
    void upscale_cancelledAfterAStep_beginsNoOther() {
        Cancellation cancellation = new Cancellation();
        Recording recording = new Recording() {
            @Override
            public void stepCompleted(int step, int numInferenceSteps, LoopState state) {
                super.stepCompleted(step, numInferenceSteps, state);
                cancellation.cancel();
            }
        };
        assertThatExceptionOfType(CancellationException.class)
                .isThrownBy(() -> pipeline.upscale(request(picture(40, 40), 1), recording, cancellation));
        assertThat(recording.told).endsWith("1/3");
        assertThat(LiveHandles.count()).isEqualTo(3);
    }

    @Test
    void upscale_moreStepsThanTrained_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> upscale(
                        pipeline,
                        new Upscaling(picture(16, 16), "", 1001, new Guidance(1, 0), SchedulerType.DDIM, 10, 1)))
                .withMessageContaining("num_inference_steps is 1001");
    }

    /** On the shipped model too, where there is one. A strip has many borders for few tiles, so the mean over them is steady. */
    @ParameterizedTest
    @CsvSource({"src/test/resources/tiny-upscaler, 100, 16", "../models/pocket-upscaler, 400, 64"})
    void upscale_severalTiles_showNoSeam(Path folder, int width, int height) throws IOException {
        assumeTrue(Files.isDirectory(folder), "there is no such model");
        try (StableDiffusionUpscaleModel tested = StableDiffusionUpscaleModel.load(folder, SessionSettings.cpu())) {
            int tile = tested.traits().latentSize();
            RgbImage large = upscale(UpscalePipeline.of(tested, 16, 1), request(picture(width, height), 1));
            Tiling tiling = Tiling.of(height, width, tile);

            assertThat(tiling.isSingle()).isFalse();
            assertThat(Seams.ratio(large, tiling, tested.traits().vaeScaleFactor()))
                    .isLessThanOrEqualTo(1.1);
        }
    }

    private static RgbImage upscale(UpscalePipeline pipeline, Upscaling request) {
        return pipeline.upscale(request, new Recording(), new Cancellation());
    }

    private static Upscaling request(RgbImage image, long seed) {
        return request(image, seed, 1);
    }

    private static Upscaling request(RgbImage image, long seed, float guidance) {
        return new Upscaling(image, "a fox", 3, new Guidance(guidance, 0), SchedulerType.DDIM, 10, seed);
    }

    private static RgbImage picture(int width, int height) {
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (40 + 4 * (i / 3 % width) + 2 * (i / 3 / width) + 20 * (i % 3));
        }
        return RgbImage.of(width, height, rgb);
    }

    private static class Recording implements UpscalePipeline.Progress {
        final List<String> told = new ArrayList<>();

        @Override
        public void stageStarted(String stage) {
            told.add(stage);
        }

        @Override
        public void stepCompleted(int step, int numInferenceSteps, LoopState state) {
            told.add(step + "/" + numInferenceSteps);
        }
    }
}
