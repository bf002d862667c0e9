// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Against torch's own numbers, recorded by {@code darkroom_training.record_noise}, bit for bit. */
final class GaussianNoiseTest {
    static Stream<JsonNode> recorded() throws IOException {
        try (InputStream in = GaussianNoiseTest.class.getResourceAsStream("/golden/noise.json")) {
            return StreamSupport.stream(
                    new JsonMapper().readTree(in).path("cases").spliterator(), false);
        }
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void next_consecutiveDraws_equalTorch(JsonNode recording) {
        GaussianNoise noise = GaussianNoise.seeded(recording.path("seed").asLong());
        for (JsonNode draw : recording.path("draws")) {
            float[] values = noise.next(draw.path("size").asInt()).data();
            List<String> bits = bits(values);
            assertThat(bits.subList(0, Math.min(8, bits.size()))).isEqualTo(texts(draw.path("first")));
            assertThat(bits.subList(Math.max(0, bits.size() - 20), bits.size())).isEqualTo(texts(draw.path("last")));
            assertThat(crc32(values)).isEqualTo(draw.path("crc32").asText());
        }
    }

    @Test
    void next_pictureShapes_dependOnOrderOfDrawsOnly() {
        assertThat(GaussianNoise.seeded(3).next(1, 8, 16, 16).reshape(2048))
                .isEqualTo(GaussianNoise.seeded(3).next(2048));
        assertThat(GaussianNoise.seeded(3).next(0).size()).isZero();
    }

    @Test
    void resumed_fromAnyPosition_continuesTheStream() {
        int[] sizes = {2048, 3, 17, 1, 2048, 5};
        GaussianNoise undisturbed = GaussianNoise.seeded(-9);
        for (int size : sizes) {
            GaussianNoise resumed = GaussianNoise.resumed(-9, undisturbed.position());
            assertThat(resumed.next(size)).isEqualTo(undisturbed.next(size));
            assertThat(resumed.position()).isEqualTo(undisturbed.position());
        }
    }

    @Test
    void position_atStart_isStart() {
        assertThat(GaussianNoise.seeded(1).position()).isEqualTo(GaussianNoise.Position.START);
        assertThatIllegalArgumentException().isThrownBy(() -> new GaussianNoise.Position(-1, 0));
    }

    private static List<String> bits(float[] values) {
        return IntStream.range(0, values.length)
                .mapToObj(i -> "%08x".formatted(Float.floatToRawIntBits(values[i])))
                .toList();
    }

    private static List<String> texts(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }

    private static String crc32(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        CRC32 crc = new CRC32();
        crc.update(bytes);
        return "%08x".formatted(crc.getValue());
    }
}
