// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Against the numbers of {@code darkroom_training.record_clip}: Pillow and transformers' CLIPImageProcessor. */
final class ImageProcessorTest {
    private static final JsonMapper JSON = new JsonMapper();

    static Stream<JsonNode> resized() throws IOException {
        return golden("resized");
    }

    /** Every byte: the arithmetic is Pillow's, in whole numbers. */
    @ParameterizedTest
    @MethodSource("resized")
    void resize_recordedPicture_equalsPillow(JsonNode recorded) {
        Resampling resampling = Arrays.stream(Resampling.values())
                .filter(known -> known.code() == recorded.path("resample").asInt())
                .findFirst()
                .orElseThrow();
        RgbImage image = picture(recorded);
        RgbImage resized = Resize.resize(
                image,
                recorded.path("to_width").asInt(),
                recorded.path("to_height").asInt(),
                resampling);
        assertThat(HexFormat.of().formatHex(resized.rgb()))
                .isEqualTo(recorded.path("rgb").asText());
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
        Tensor values = ImageProcessor.of(recorded.path("config")).pixelValues(picture(recorded));
        assertThat(values.shape()).isEqualTo(JSON.convertValue(recorded.path("shape"), int[].class));
        byte[] bytes = Base64.getDecoder().decode(recorded.path("values").asText());
        float[] expected = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(expected);
        assertThat(values.data()).usingComparatorWithPrecision(1e-6f).containsExactly(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    {"resample": 0} | preprocessor: resample: expected 1, 2 or 3 (Lanczos, bilinear, bicubic), found 0
                    {"size": {"longest_edge": 9}} | preprocessor: size.width: expected a number of pixels, found none
                    {"crop_size": 0} | preprocessor: crop_size: expected a number of pixels, found none
                    {"image_mean": [0.5]} | preprocessor: image_mean: expected three numbers, found 1
                    """)
    void of_whatIsNotDone_isRefused(String config, String message) throws IOException {
        JsonNode node = JSON.readTree(config);
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> ImageProcessor.of(node))
                .withMessage(message);
    }

    @Test
    void of_emptyConfig_hasClipsDefaults() {
        ImageProcessor processor = ImageProcessor.of(JSON.createObjectNode());
        processor.requireSquare(224, "of CLIP");
        Tensor values = processor.pixelValues(RgbImage.of(1, 1, new byte[] {0, (byte) 255, 0}));
        assertThat(values.shape()).containsExactly(1, 3, 224, 224);
        assertThat(values.data()[0]).isEqualTo(-1.7922626f); // -0.48145466 / 0.26862954
        assertThat(values.data()[224 * 224]).isEqualTo(2.0748837f);
    }

    private static Stream<JsonNode> golden(String field) throws IOException {
        JsonNode golden =
                JSON.readTree(Path.of("src/test/resources/golden/clip.json").toFile());
        return golden.path(field).valueStream();
    }

    private static RgbImage picture(JsonNode recorded) {
        return RecordedPicture.of(
                recorded.path("width").asInt(), recorded.path("height").asInt());
    }
}
