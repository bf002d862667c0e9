// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

final class PngTest {
    private static final String PARAMETERS = "{\"prompt\": \"na\u00efve \u72d0\u72f8 \ud83e\udd8a\", \"seed\": 7}";

    private final RgbImage image = noise(31, 17);

    @Test
    void encode_thenDecode_givesPixelsAndText() {
        PngReader.Picture picture = PngReader.decode(PngWriter.encode(image, PARAMETERS), 1000);
        assertThat(picture.image()).isEqualTo(image);
        assertThat(picture.parametersJson()).isEqualTo(PARAMETERS);
    }

    @Test
    void encode_twice_givesTheSameBytes() {
        assertThat(PngWriter.encode(image, PARAMETERS)).isEqualTo(PngWriter.encode(image, PARAMETERS));
    }

    @Test
    void encode_withoutParameters_hasNoTextChunk() {
        byte[] file = PngWriter.encode(image, "");
        assertThat(PngReader.decode(file, 1000).parametersJson()).isEmpty();
        assertThat(new String(file, StandardCharsets.ISO_8859_1)).doesNotContain("iTXt");
    }

    @Test
    void decode_paletteOrGray_becomesRgb() throws IOException {
        BufferedImage gray = new BufferedImage(2, 2, BufferedImage.TYPE_BYTE_BINARY);
        gray.setRGB(1, 0, 0xffffff);
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        ImageIO.write(gray, "png", file);
        byte[] rgb = PngReader.decode(file.toByteArray(), 4).image().rgb();
        assertThat(rgb).containsExactly(0, 0, 0, -1, -1, -1, 0, 0, 0, 0, 0, 0);
    }

    @Test
    void decode_moreThanTheLimit_isRefusedBeforePixels() {
        byte[] file = PngWriter.encode(image, "");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PngReader.decode(file, 31 * 17 - 1))
                .withMessage("a picture must be of at most 526 pixels, but was 31 x 17");
        byte[] bomb = withSize(file, Integer.MAX_VALUE, Integer.MAX_VALUE);
        assertThatIllegalArgumentException().isThrownBy(() -> PngReader.decode(bomb, 1 << 24));
    }

    @Test
    void decode_cutAnywhere_isRefused() {
        byte[] file = PngWriter.encode(image, PARAMETERS);
        for (int length = 0; length < file.length; length++) {
            byte[] cut = Arrays.copyOf(file, length);
            assertThatIllegalArgumentException().isThrownBy(() -> PngReader.decode(cut, 1000));
        }
    }

    @Test
    void decode_anyByteChanged_isRefused() {
        byte[] file = PngWriter.encode(image, PARAMETERS);
        for (int i = 0; i < file.length; i++) {
            byte[] damaged = file.clone();
            damaged[i] ^= 0x10;
            assertThatIllegalArgumentException().isThrownBy(() -> PngReader.decode(damaged, 1000));
        }
    }

    @Test
    void decode_tooFewRowsUnderValidChecksums_isRefused() {
        byte[] tall = withSize(PngWriter.encode(image, ""), 31, 18);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PngReader.decode(tall, 1000))
                .withMessageContaining("damaged");
    }

    /** Rewrites the header's size and checksum. */
    private static byte[] withSize(byte[] file, int width, int height) {
        ByteBuffer changed = ByteBuffer.wrap(file.clone()).putInt(16, width).putInt(20, height);
        CRC32 crc = new CRC32();
        crc.update(changed.array(), 12, 17);
        return changed.putInt(29, (int) crc.getValue()).array();
    }

    private static RgbImage noise(int width, int height) {
        byte[] rgb = new byte[width * height * 3];
        new Random(1).nextBytes(rgb);
        return RgbImage.of(width, height, rgb);
    }
}
