// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.LiveHandles;
import dev.darkroom.inference.onnx.TimestepForm;
import dev.darkroom.inference.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The folders of {@code record_families.py} as other exporters write them, and with parts that do not fit. */
final class FamiliesTest {
    @TempDir
    private Path temporary;

    @AfterEach
    void everySessionIsClosed() {
        assertThat(LiveHandles.count()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"defaults", "image"})
    void load_optimumFolder_drawsWhatDiffusersDraws(String key) throws IOException {
        RecordedFamily recorded = RecordedFamily.unpack("stable-diffusion", temporary);
        Path optimum = RecordedFamily.extract("dialects", "optimum/", temporary.resolve("optimum"));
        try (TextToImageModel model = TextToImageModel.load(optimum, RecordedFamily.CONFIGURATION)) {
            var networks = model.pipeline().diffusion().networks();
            assertThat(networks.network().timestep()).isEqualTo(TimestepForm.SCALAR);
            assertThat(model.limits().getMaxClipSkip()).isZero();
            List<Tensor> latents = new ArrayList<>();
            List<RgbImage> images = recorded.generate(key, model, model, latents);

            Tensor expected = recorded.floats(key + ".latents");
            assertThat(RecordedFamily.distance(latents.getLast(), expected.row(expected.dim(0) - 1)))
                    .isLessThan(1e-3);
            assertThat(images).hasSize(1);
        }
    }

    /** Half precision and eight-bit matrices are what they are: the bounds say that the graphs are fed right, not that they are exact. */
    @ParameterizedTest
    @CsvSource({"unet-fp16.onnx, 0.01", "unet-int8.onnx, 0.15"})
    void load_graphOfLessPrecision_staysNearDiffusers(String graph, double bound) throws IOException {
        RecordedFamily recorded = RecordedFamily.unpack("stable-diffusion", temporary);
        RecordedFamily.extract("dialects", graph, recorded.folder().resolve("unet/model.onnx"));
        try (TextToImageModel model = TextToImageModel.load(recorded.folder(), RecordedFamily.CONFIGURATION)) {
            List<Tensor> latents = new ArrayList<>();
            recorded.generate("defaults", model, model, latents);
            Tensor expected = recorded.floats("defaults.latents");
            assertThat(RecordedFamily.distance(latents.getLast(), expected.row(expected.dim(0) - 1)))
                    .isBetween(1e-6, bound);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    stable-diffusion | model_index.json | _class_name | StableDiffusion3Pipeline | folder: _class_name in model_index.json: expected one of
                    sdxl | unet/config.json | projection_class_embeddings_input_dim | 61 | unet: projection_class_embeddings_input_dim: expected 60 (projection_dim and 6 time ids), found 61
                    sdxl | unet/config.json | cross_attention_dim | 41 | text_encoder: hidden_size, of all encoders: expected 41 (cross_attention_dim of the U-Net), found 40
                    sdxl-refiner | model_index.json | requires_aesthetics_score | false | unet: time_ids, dimension 1: expected 6 (sizes, and requires_aesthetics_score of the folder), found 5
                    lcm | unet/config.json | time_cond_proj_dim | 19 | unet: timestep_cond, dimension 1: expected 19 (time_cond_proj_dim of the U-Net), found 17
                    lcm | unet/config.json | time_cond_proj_dim | 0 | unet: input timestep_cond: expected no input beside [encoder_hidden_states, sample, timestep], found one
                    pixart-alpha | transformer/config.json | use_additional_conditions | false | transformer: input resolution: expected no input beside
                    pixart-sigma | transformer/config.json | use_additional_conditions | true | transformer: input resolution: expected an input of that name, found
                    pixart-sigma | transformer/config.json | out_channels | 5 | transformer: out_channels: expected 4, or twice as many with the learned variance, found 5
                    pixart-sigma | transformer/config.json | caption_channels | 21 | text_encoder: last_hidden_state, dimension 2: expected 21 (what the transformer takes), found 20
                    """)
    void load_configThatDoesNotFit_isRefusedByName(String family, String file, String key, String value, String message)
            throws IOException {
        Path folder = RecordedFamily.unpack(family, temporary).folder();
        JsonMapper json = new JsonMapper();
        ObjectNode config = (ObjectNode) json.readTree(folder.resolve(file).toFile());
        config.set(key, value.contains("Pipeline") ? json.valueToTree(value) : json.readTree(value));
        json.writeValue(folder.resolve(file).toFile(), config);
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> TextToImageModel.load(folder, RecordedFamily.CONFIGURATION))
                .withMessageStartingWith(message);
    }

    /** CLIP's graph where T5's should be takes no mask, without which padding would count. */
    @Test
    void load_textEncoderWithoutMask_isRefused() throws IOException {
        Path folder = RecordedFamily.unpack("pixart-sigma", temporary).folder();
        Path clip = RecordedFamily.unpack("stable-diffusion", temporary).folder();
        Path graph = folder.resolve("text_encoder/model.onnx");
        Files.copy(clip.resolve("text_encoder/model.onnx"), graph, StandardCopyOption.REPLACE_EXISTING);
        Files.copy(
                clip.resolve("text_encoder/model.safetensors"),
                folder.resolve("text_encoder/model.safetensors"),
                StandardCopyOption.REPLACE_EXISTING);
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> TextToImageModel.load(folder, RecordedFamily.CONFIGURATION))
                .withMessageStartingWith("text_encoder: input");
    }
}
