// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.darkroom.inference.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RgbImageTest {
    @Test
    void fromDecoded_planes_becomeInterleavedPixels() {
        Tensor decoded = Tensor.of(new float[] {-1, 1, 0, 0.5f, 2, -3}, 1, 3, 1, 2);
        assertThat(RgbImage.fromDecoded(decoded)).containsExactly(RgbImage.of(2, 1, bytes(0, 128, 255, 255, 191, 0)));
    }

    /** Float32 inputs that give exactly 126.5, 127.5 and 190.5, whose even neighbours numpy's round takes. */
    @Test
    void fromDecoded_halves_roundToEven() {
        Tensor decoded = Tensor.of(new float[] {126.5f / 255 * 2 - 1, 0, 190.5f / 255 * 2 - 1}, 1, 3, 1, 1);
        assertThat(RgbImage.fromDecoded(decoded)).containsExactly(RgbImage.of(1, 1, bytes(126, 128, 190)));
    }

    @Test
    void fromDecoded_batch_givesOnePictureEach() {
        List<RgbImage> images = RgbImage.fromDecoded(Tensor.zeros(3, 3, 4, 5));
        assertThat(images).hasSize(3).allMatch(image -> image.width() == 5 && image.height() == 4);
    }

    @Test
    void fromDecoded_nanOrOtherShape_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RgbImage.fromDecoded(Tensor.of(new float[] {0, 0, Float.NaN}, 1, 3, 1, 1)))
                .withMessageContaining("NaN");
        assertThatIllegalArgumentException().isThrownBy(() -> RgbImage.fromDecoded(Tensor.zeros(1, 4, 2, 2)));
    }

    @Test
    void toTensor_everyByte_survivesTheWayBack() {
        byte[] all = new byte[256 * 3];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) i;
        }
        RgbImage image = RgbImage.of(16, 16, all);
        assertThat(RgbImage.fromDecoded(image.toTensor())).containsExactly(image);
    }

    @Test
    void isConstant_oneColour_isTrue() {
        assertThat(RgbImage.of(2, 1, bytes(1, 2, 3, 1, 2, 3)).isConstant()).isTrue();
        assertThat(RgbImage.of(2, 1, bytes(1, 2, 3, 1, 2, 4)).isConstant()).isFalse();
    }

    @Test
    void of_wrongNumberOfBytes_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> RgbImage.of(2, 2, new byte[11]));
        assertThatIllegalArgumentException().isThrownBy(() -> RgbImage.of(0, 2, new byte[0]));
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    @Test
    void cropped_smaller_isTheUpperLeftPart() {
        RgbImage image = RgbImage.of(2, 2, new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});

        assertThat(image.cropped(1, 2)).isEqualTo(RgbImage.of(1, 2, new byte[] {1, 2, 3, 7, 8, 9}));
        assertThat(image.cropped(2, 2)).isSameAs(image);
        assertThatIllegalArgumentException().isThrownBy(() -> image.cropped(3, 1));
    }

    @Test
    void padded_larger_repeatsTheEdge() {
        RgbImage image = RgbImage.of(2, 1, new byte[] {1, 2, 3, 4, 5, 6});

        assertThat(image.padded(3, 2))
                .isEqualTo(RgbImage.of(3, 2, new byte[] {1, 2, 3, 4, 5, 6, 4, 5, 6, 1, 2, 3, 4, 5, 6, 4, 5, 6}));
        assertThat(image.padded(1, 1)).isSameAs(image);
    }
}
