// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.v1.DeliveredImage;
import dev.darkroom.media.v1.Image;
import dev.darkroom.media.v1.ImageChunk;
import dev.darkroom.text2image.v1.GeneratedImage;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class PictureTest {

    private static final byte[] BYTES = {1, 2, 3, 4, 5};

    private final Picture picture = Picture.of(DeliveredImage.newBuilder()
            .setGenerated(GeneratedImage.newBuilder()
                    .setImage(Image.newBuilder().setSizeBytes(BYTES.length).setSha256(Picture.sha256(BYTES))))
            .build());

    @Test
    void bytes_allChunks_areTheAnnouncedOnes() throws IOException {
        picture.append(chunk(0, 1, 2));
        picture.append(chunk(2, 3, 4, 5));

        assertThat(picture.bytes()).isEqualTo(BYTES);
    }

    @Test
    void append_gapOrTooMuch_isRefused() {
        assertThatIOException().isThrownBy(() -> picture.append(chunk(1, 2)));
        assertThatIOException().isThrownBy(() -> picture.append(chunk(0, 1, 2, 3, 4, 5, 6)));
    }

    @Test
    void bytes_missingOrOther_areRefused() throws IOException {
        picture.append(chunk(0, 1, 2, 3, 4));
        assertThatIOException().isThrownBy(picture::bytes);

        picture.append(chunk(4, 9));
        assertThatIOException().isThrownBy(picture::bytes).withMessageContaining("damaged");
    }

    private static ImageChunk chunk(int offset, int... bytes) {
        byte[] data = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            data[i] = (byte) bytes[i];
        }
        return ImageChunk.newBuilder()
                .setOffset(offset)
                .setData(ByteString.copyFrom(data))
                .build();
    }
}
