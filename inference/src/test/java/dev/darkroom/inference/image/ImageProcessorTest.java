// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against the numbers of {@code darkroom_training.record_pictures}: Pillow and transformers' image processors. */
final class ImageProcessorTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Path GOLDEN = Path.of("src/test/resources/golden/pictures.json");

    static Stream<JsonNode> resized() throws IOException {
        return golden("resized");
    }

    /** Every byte: the arithmetic is Pillow's, in whole numbers. */
    @ParameterizedTest
    @MethodSource("resized")
    void resize_recordedPicture_equalsPillow(JsonNode recorded) {
        RgbImage resized = Resize.resize(
                picture(recorded),
                recorded.path("to_width").asInt(),
                recorded.path("to_height").asInt(),
                List.of(Resampling.values()).get(recorded.path("resample").asInt()));
        assertThat(resized.rgb())
                .isEqualTo(Base64.getDecoder().decode(recorded.path("rgb").asText()));
    }

    @Test
    void resize_sameSize_isTheSamePicture() {
        RgbImage image = RecordedPicture.of(9, 5);
        assertThat(Resize.resize(image, 9, 5, Resampling.BICUBIC)).isSameAs(image);
    }

    static Stream<JsonNode> pixelValues() throws IOException {
        return golden("pixel_values");
    }

    /** 1e-6: transformers scales in float64 and normalises in float32, as is done here; values reach 2.7. */
    @ParameterizedTest
    @MethodSource("pixelValues")
    void pixelValues_recordedPicture_equalTransformers(JsonNode recorded) {
        String named = recorded.path("class").asText();
        Tensor values = ImageProcessor.of(recorded.path("config"), named).pixelValues(picture(recorded));
        assertThat(values.shape()).isEqualTo(JSON.convertValue(recorded.path("shape"), int[].class));
        byte[] bytes = Base64.getDecoder().decode(recorded.path("values").asText());
        float[] expected = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(expected);
        assertThat(values.data()).usingComparatorWithPrecision(1e-6f).containsExactly(expected);
    }

    static Stream<String> classes() throws IOException {
        return JSON.readTree(GOLDEN.toFile()).path("defaults").propertyStream().map(Map.Entry::getKey);
    }

    /** Field by field as transformers writes them down: a file that says it all and one that names the class only do the same. */
    @ParameterizedTest
    @MethodSource("classes")
    void of_nameOnly_hasTheDefaultsOfItsClass(String name) throws IOException {
        JsonNode all = JSON.readTree(GOLDEN.toFile()).path("defaults").path(name);
        RgbImage image = RecordedPicture.of(23, 17);
        assertThat(values(JSON.createObjectNode().put("image_processor_type", name), image))
                .isEqualTo(values(all, image));
    }

    private static float[] values(JsonNode config, RgbImage image) {
        return ImageProcessor.of(config, "none").pixelValues(image).data();
    }

    @ParameterizedTest
    @ValueSource(strings = {"ViTImageProcessor", "ViTImageProcessorFast", "ViTFeatureExtractor"})
    void of_anotherNameOfTheClass_isTheSame(String name) throws IOException {
        JsonNode config = JSON.readTree("{\"size\": 8, \"feature_extractor_type\": \"" + name + "\"}");
        Tensor values = ImageProcessor.of(config, "CLIPImageProcessor").pixelValues(RecordedPicture.of(23, 17));
        assertThat(values.shape()).containsExactly(1, 3, 8, 8);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    {"resample": 6} | preprocessor: resample: expected 0 to 5, a filter of Pillow, found 6
                    {"size": {"longest_edge": 9}} | preprocessor: size.width: expected a number of pixels, found none
                    {"crop_size": 0} | preprocessor: crop_size: expected a number of pixels, found none
                    {"image_mean": [0.5]} | preprocessor: image_mean: expected three numbers, found 1
                    {"pad_size": {"height": 9}} | preprocessor: pad_size.width: expected a number of pixels, found none
                    {"size_divisor": 0} | preprocessor: size_divisor: expected a number of pixels, found none
                    {"do_image_splitting": true} | preprocessor: do_image_splitting: expected false, found true
                    """)
    void of_whatIsNotDone_isRefused(String config, String message) throws IOException {
        JsonNode node = JSON.readTree(config);
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> ImageProcessor.of(node, "CLIPImageProcessor"))
                .withMessage(message);
    }

    @Test
    void of_unknownClass_isRefusedByName() {
        JsonNode config = JSON.createObjectNode().put("image_processor_type", "Idefics3ImageProcessor");
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> ImageProcessor.of(config, "ViTImageProcessor"))
                .withMessageStartingWith("preprocessor: image_processor_type: expected one of [CLIPImageProcessor, ")
                .withMessageEndingWith("], found Idefics3ImageProcessor");
    }

    @Test
    void of_emptyConfig_hasClipsDefaults() {
        ImageProcessor processor = ImageProcessor.of(JSON.createObjectNode(), "CLIPImageProcessor");
        processor.requireSquare(224, "of CLIP");
        Tensor values = processor.pixelValues(RgbImage.of(1, 1, new byte[] {0, (byte) 255, 0}));
        assertThat(values.shape()).containsExactly(1, 3, 224, 224);
        assertThat(values.data()[0]).isEqualTo(-1.7922626f); // -0.48145466 / 0.26862954
        assertThat(values.data()[224 * 224]).isEqualTo(2.0748837f);
    }

    @Test
    void pixelValues_sizeDivisor_isPaddedWithZerosOnTheRightAndBelow() throws IOException {
        JsonNode config = JSON.readTree("{\"size\": {\"height\": 5, \"width\": 7}, \"size_divisor\": 4}");
        Tensor values =
                ImageProcessor.of(config, "BlipImageProcessor").pixelValues(RgbImage.of(1, 1, new byte[] {1, 2, 3}));
        assertThat(values.shape()).containsExactly(1, 3, 8, 8);
        for (int i = 0; i < values.data().length; i++) {
            boolean inside = i % 8 < 7 && i / 8 % 8 < 5;
            assertThat(values.data()[i] != 0).isEqualTo(inside);
        }
    }

    @Test
    void requireSquare_paddedOtherwise_isRefused() {
        ImageProcessor processor =
                ImageProcessor.of(JSON.createObjectNode().put("size_divisor", 32), "ViTImageProcessor");
        processor.requireSquare(224, "of ViT");
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(
                        () -> ImageProcessor.of(JSON.createObjectNode().put("size_divisor", 100), "ViTImageProcessor")
                                .requireSquare(224, "of ViT"))
                .withMessage("preprocessor: do_pad: expected false (of ViT), found true");
    }

    @Test
    void pixelValues_largerThanItsPadding_isRefused() throws IOException {
        JsonNode config = JSON.readTree("{\"size\": 8, \"pad_size\": {\"height\": 8, \"width\": 7}}");
        ImageProcessor processor = ImageProcessor.of(config, "ViTImageProcessor");
        RgbImage image = RecordedPicture.of(9, 9);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> processor.pixelValues(image))
                .withMessage("8 pixels, to be padded to 7");
    }

    private static Stream<JsonNode> golden(String field) throws IOException {
        return JSON.readTree(GOLDEN.toFile()).path(field).valueStream();
    }

    private static RgbImage picture(JsonNode recorded) {
        return RecordedPicture.of(
                recorded.path("width").asInt(), recorded.path("height").asInt());
    }
}
