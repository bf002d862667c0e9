// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.diffusion.Guidance;
import dev.darkroom.inference.diffusion.LoopState;
import dev.darkroom.inference.diffusion.UpscalePipeline;
import dev.darkroom.inference.diffusion.Upscaling;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.LatentDiffusionModel.Traits;
import dev.darkroom.inference.scheduler.SchedulerType;
import dev.darkroom.inference.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Over the tiny Stable Diffusion folder made an upscaler of 4 + 3 channels, as the first public one is, and the graphs of
 * {@code darkroom_training.record_graphs}.
 */
@ExtendWith(NoLiveHandles.class)
final class StableDiffusionUpscaleModelTest {
    private static final Path RESOURCES = Path.of("src/test/resources");
    private static final SessionSettings SETTINGS = new SessionSettings(ExecutionProvider.CPU, 1);
    private static final JsonMapper JSON = new JsonMapper();

    private final Cancellation cancellation = new Cancellation();

    @TempDir
    private Path temporary;

    private Path folder;

    @BeforeEach
    void makeFolder() throws IOException {
        folder = temporary.resolve("upscaler");
        Path source = RESOURCES.resolve("tiny");
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(source.relativize(file).toString()));
            }
        }
        Files.createDirectory(folder.resolve("low_res_scheduler"));
        Files.writeString(
                folder.resolve("low_res_scheduler/scheduler_config.json"), "{\"_class_name\": \"DDPMScheduler\"}");
        Files.writeString(folder.resolve("model_index.json"), "{\"_class_name\": \"StableDiffusionUpscalePipeline\"}");
        set("unet/config.json", "in_channels", 7);
        set("unet/config.json", "num_class_embeds", 1000);
        unet("upscaler-unet");
    }

    @Test
    void load_tinyUpscaler_readsTraitsFromTheFolder() {
        try (StableDiffusionUpscaleModel model =
                StableDiffusionUpscaleModel.load(RESOURCES.resolve("tiny-upscaler"), SETTINGS)) {
            assertThat(model.traits()).isEqualTo(new Traits(8, 16, 2, 4, 0.08333f, 16, TimestepForm.PER_ROW));
            assertThat(model.maxNoiseLevel()).isEqualTo(60);
            assertThat(model.textEncoder().tokenizer().window()).isEqualTo(16);
        }
    }

    @Test
    void load_folderThatSaysLittle_hasDiffusersDefaults() throws IOException {
        remove("vae/config.json", "scaling_factor");
        try (StableDiffusionUpscaleModel model = StableDiffusionUpscaleModel.load(folder, SETTINGS)) {
            assertThat(model.maxNoiseLevel()).isEqualTo(350);
            assertThat(model.traits().scalingFactor()).isEqualTo(0.08333f);
        }
    }

    @Test
    void denoise_levelsPerRow_reachTheirRows() {
        try (StableDiffusionUpscaleModel model = StableDiffusionUpscaleModel.load(folder, SETTINGS)) {
            Tensor both = denoise(model, 0, 200);
            assertThat(both.shape()).containsExactly(2, 4, 8, 8);
            assertThat(both.row(0).data()).containsOnly(0);
            assertThat(both.row(1).data()).containsOnly(2);
        }
    }

    @ParameterizedTest
    @CsvSource({"upscaler-unet-scalars", "upscaler-unet-single-int32-level"})
    void denoise_oneLevelForAllRows_refusesMixedOnes(String graph) throws IOException {
        unet(graph);
        try (StableDiffusionUpscaleModel model = StableDiffusionUpscaleModel.load(folder, SETTINGS)) {
            assertThat(denoise(model, 100, 100).data()).containsOnly(1);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> denoise(model, 0, 100))
                    .withMessage("this U-Net takes one noise level for all rows, got [0.0, 100.0]");
        }
    }

    /** One value for all rows, and the decoder where the legacy export puts it. */
    @Test
    void upscale_graphsOfThePublicExport_enlargeInTiles() throws IOException {
        unet("upscaler-unet-scalars");
        Files.move(folder.resolve("vae/decoder_model.onnx"), folder.resolve("vae/model.onnx"));
        try (StableDiffusionUpscaleModel model = StableDiffusionUpscaleModel.load(folder, SETTINGS)) {
            RgbImage image = RgbImage.of(20, 9, new byte[20 * 9 * 3]);
            Upscaling request = new Upscaling(image, "a fox", 2, new Guidance(2, 0), SchedulerType.DDIM, 20, 1);
            RgbImage large = UpscalePipeline.of(model, 16, 0).upscale(request, SILENT, cancellation);

            assertThat(large.width()).isEqualTo(80);
            assertThat(large.height()).isEqualTo(36);
        }
    }

    private static final UpscalePipeline.Progress SILENT = new UpscalePipeline.Progress() {
        @Override
        public void stageStarted(String stage) {}

        @Override
        public void stepCompleted(int step, int numInferenceSteps, LoopState state) {}
    };

    private Tensor denoise(StableDiffusionUpscaleModel model, float first, float second) {
        Map<NetworkInput, Tensor> conditions = Map.of(
                NetworkInput.PROMPT_EMBEDS,
                Tensor.zeros(2, 16, 8),
                NetworkInput.NOISE_LEVEL,
                Tensor.of(new float[] {first, second}, 2));
        return model.network().predict(Tensor.zeros(2, 7, 8, 8), new float[] {9, 9}, conditions, cancellation);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    upscaler-unet-8-channels | unet: sample, dimension 1: expected 7 (latent_channels of the VAE and the picture's 3), found 8
                    upscaler-unet-float-level | unet: input class_labels: expected one of [INT32, INT64], found FLOAT32
                    upscaler-unet-extra-input | unet: input timestep_cond: expected no input beside [class_labels, encoder_hidden_states, sample, timestep], found one
                    unet-scalar-timestep | unet: sample, dimension 1: expected 7 (latent_channels of the VAE and the picture's 3), found 4
                    """)
    void load_graphThatDoesNotFit_namesComponentTensorExpectedFound(String graph, String message) throws IOException {
        unet(graph);
        assertRefused(message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    unet/config.json | in_channels | 4 | unet: in_channels: expected 7, found 4
                    unet/config.json | num_class_embeds | 350 | unet: num_class_embeds: expected above max_noise_level 350, found 350
                    model_index.json | max_noise_level | 1000 | unet: num_class_embeds: expected above max_noise_level 1000, found 1000
                    low_res_scheduler/scheduler_config.json | num_train_timesteps | 100 | low_res_scheduler: num_train_timesteps: expected above max_noise_level 350, found 100
                    """)
    void load_configThatDoesNotFit_isNamed(String file, String key, int value, String message) throws IOException {
        set(file, key, value);
        assertRefused(message);
    }

    @Test
    void load_noLowResScheduler_isNamed() throws IOException {
        Files.delete(folder.resolve("low_res_scheduler/scheduler_config.json"));
        assertRefused("low_res_scheduler: low_res_scheduler/scheduler_config.json: expected a file, found none");
    }

    @Test
    void load_lowResScheduler_decidesTheDigest() throws IOException {
        String before = digest();
        set("low_res_scheduler/scheduler_config.json", "beta_end", 1);
        assertThat(digest()).isNotEqualTo(before);
    }

    private String digest() {
        try (StableDiffusionUpscaleModel model = StableDiffusionUpscaleModel.load(folder, SETTINGS)) {
            return model.fingerprint().modelDigest();
        }
    }

    private void unet(String graph) throws IOException {
        Files.copy(
                RESOURCES.resolve("misfits/" + graph + ".onnx"),
                folder.resolve("unet/model.onnx"),
                StandardCopyOption.REPLACE_EXISTING);
    }

    private void set(String file, String key, int value) throws IOException {
        ObjectNode json = (ObjectNode) JSON.readTree(folder.resolve(file).toFile());
        JSON.writeValue(folder.resolve(file).toFile(), json.put(key, value));
    }

    private void remove(String file, String key) throws IOException {
        ObjectNode json = (ObjectNode) JSON.readTree(folder.resolve(file).toFile());
        json.remove(key);
        JSON.writeValue(folder.resolve(file).toFile(), json);
    }

    private void assertRefused(String message) {
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> StableDiffusionUpscaleModel.load(folder, SETTINGS))
                .withMessage(message);
        assertThat(LiveHandles.count()).isZero();
    }
}
