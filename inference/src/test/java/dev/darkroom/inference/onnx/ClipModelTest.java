// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.image.RecordedPicture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Over the folder of {@code darkroom_training.record_clip}, against transformers' embeddings of the same weights. */
@ExtendWith(NoLiveHandles.class)
final class ClipModelTest {
    private static final Path RESOURCES = Path.of("src/test/resources");
    private static final SessionSettings SETTINGS = new SessionSettings(ExecutionProvider.CPU, 1);

    /** Float32 on both sides, summed in another order; coordinates of unit vectors. The largest difference found is 8e-7. */
    private static final float TOLERANCE = 2e-6f;

    private final Cancellation cancellation = new Cancellation();

    @TempDir
    private Path temporary;

    private Path folder;

    @BeforeEach
    void copyFolder() throws IOException {
        folder = Files.createDirectory(temporary.resolve("clip"));
        try (Stream<Path> files = Files.list(RESOURCES.resolve("tiny-clip"))) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        Files.delete(folder.resolve("model.onnx"));
    }

    @Test
    void embed_recordedPicturesAndTexts_equalTransformers() throws IOException {
        assertEqualsTransformers();
    }

    @Test
    void embed_jointGraphOfOptimum_equalsTransformers() throws IOException {
        useJointGraph();
        assertEqualsTransformers();
    }

    @Test
    void embed_graphsInAFolderOfTheirOwn_areFound() throws IOException {
        Files.createDirectory(folder.resolve("onnx"));
        Files.move(folder.resolve("model.safetensors"), folder.resolve("onnx/model.safetensors"));
        Files.move(folder.resolve("vision_model.onnx"), folder.resolve("onnx/vision_model.onnx"));
        Files.move(folder.resolve("text_model.onnx"), folder.resolve("onnx/text_model.onnx"));
        assertEqualsTransformers();
    }

    private void assertEqualsTransformers() throws IOException {
        JsonNode golden =
                new JsonMapper().readTree(RESOURCES.resolve("golden/clip.json").toFile());
        try (ClipModel model = ClipModel.load(folder, SETTINGS)) {
            for (JsonNode recorded : golden.path("pictures")) {
                var picture = RecordedPicture.of(
                        recorded.path("width").asInt(), recorded.path("height").asInt());
                assertThat(model.embedImage(picture, cancellation))
                        .usingComparatorWithPrecision(TOLERANCE)
                        .containsExactly(embedding(recorded));
            }
            for (JsonNode recorded : golden.path("texts")) {
                assertThat(model.embedText(recorded.path("text").asText(), cancellation))
                        .usingComparatorWithPrecision(TOLERANCE)
                        .containsExactly(embedding(recorded));
            }
        }
    }

    private static float[] embedding(JsonNode recorded) {
        return new JsonMapper().convertValue(recorded.path("embedding"), float[].class);
    }

    @Test
    void load_folder_saysWhatItIs() {
        try (ClipModel model = ClipModel.load(folder, SETTINGS)) {
            assertThat(model.width()).isEqualTo(12);
            assertThat(model.imageSize()).isEqualTo(24);
            assertThat(model.readsText()).isTrue();
            assertThat(model.directory().name()).isEqualTo("clip");
            assertThat(model.directory().license()).contains("apache-2.0");
            assertThat(model.fingerprint().modelDigest()).matches("[0-9a-f]{64}");
            assertThat(LiveHandles.count()).isEqualTo(2);
        }
    }

    @Test
    void load_visionTowerAlone_readsNoText() throws IOException {
        Files.delete(folder.resolve("text_model.onnx"));
        Files.delete(folder.resolve("tokenizer_config.json"));
        try (ClipModel model = ClipModel.load(folder, SETTINGS)) {
            assertThat(model.readsText()).isFalse();
            assertThat(model.embedImage(RecordedPicture.of(5, 5), cancellation)).hasSize(12);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> model.embedText("a cat", cancellation))
                    .withMessage("clip has no text tower");
        }
    }

    @Test
    void embedImage_cancelled_stops() {
        try (ClipModel model = ClipModel.load(folder, SETTINGS)) {
            cancellation.cancel();
            assertThatExceptionOfType(CancellationException.class)
                    .isThrownBy(() -> model.embedImage(RecordedPicture.of(5, 5), cancellation));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    config.json | "projection_dim": 12, | "projection_dim": 13, | vision_model: image_embeds, dimension 1: expected 13 (projection_dim), found 12
                    config.json | "image_size": 24, | "image_size": 32, | preprocessor: crop_size: expected 32 (image_size of the vision tower), found 24 x 24
                    config.json | "max_position_embeddings": 16, | "max_position_embeddings": 8, | -
                    config.json | "vocab_size": 94 | "vocab_size": 9 | tokenizer: ids: expected below vocab_size 9 of the text tower, found up to 93
                    config.json | "model_type": "clip", | "model_type": "siglip", | folder: config.json, model_type: expected [clip, clip_vision_model], found siglip
                    preprocessor_config.json | "resample": 3, | "resample": 6, | preprocessor: resample: expected 0 to 5, a filter of Pillow, found 6
                    """)
    void load_configThatDoesNotFit_namesExpectedAndFound(String file, String from, String to, String message)
            throws IOException {
        String config = Files.readString(folder.resolve(file));
        assertThat(config).contains(from);
        Files.writeString(folder.resolve(file), config.replace(from, to));
        if (message.equals("-")) {
            ClipModel.load(folder, SETTINGS).close();
        } else {
            assertRefused(message);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    config.json | folder: config.json: expected a file, found none
                    preprocessor_config.json | preprocessor: preprocessor_config.json: expected a file, found none
                    tokenizer_config.json | tokenizer: tokenizer_config.json: expected a file, found none
                    vision_model.onnx | vision_model: vision_model.onnx or onnx/vision_model.onnx: expected a file, found none
                    model.safetensors | vision_model: model.safetensors: expected a file, found none
                    """)
    void load_missingFile_isNamed(String file, String message) throws IOException {
        Files.delete(folder.resolve(file));
        assertRefused(message);
    }

    @Test
    void load_otherGraph_namesTheTensor() throws IOException {
        Files.delete(folder.resolve("vision_model.onnx"));
        Files.copy(folder.resolve("text_model.onnx"), folder.resolve("vision_model.onnx"));
        assertRefused("vision_model: input pixel_values: expected an input of that name, found [input_ids]");
    }

    @Test
    void load_jointGraphInPlaceOfATower_namesTheInput() throws IOException {
        useJointGraph();
        Files.move(folder.resolve("model.onnx"), folder.resolve("vision_model.onnx"));
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> ClipModel.load(folder, SETTINGS))
                .withMessageStartingWith("vision_model: input ")
                .withMessageEndingWith("expected no input beside [pixel_values], found one");
        assertThat(LiveHandles.count()).isZero();
    }

    @Test
    void digest_changesWithDecidingFilesOnly() throws IOException {
        String digest = digest();
        Files.writeString(folder.resolve("README.md"), "another text");
        assertThat(digest()).isEqualTo(digest);
        Path config = folder.resolve("preprocessor_config.json");
        Files.writeString(config, Files.readString(config) + " ");
        assertThat(digest()).isNotEqualTo(digest);
    }

    private String digest() {
        return ClipFiles.of(ModelDirectory.openTransformers(folder)).digest();
    }

    private void useJointGraph() throws IOException {
        Files.copy(RESOURCES.resolve("tiny-clip/model.onnx"), folder.resolve("model.onnx"));
        Files.delete(folder.resolve("vision_model.onnx"));
        Files.delete(folder.resolve("text_model.onnx"));
    }

    private void assertRefused(String message) {
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> ClipModel.load(folder, SETTINGS))
                .withMessage(message);
        assertThat(LiveHandles.count()).isZero();
    }
}
