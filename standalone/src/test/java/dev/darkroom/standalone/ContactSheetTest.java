// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.v1.DeliveredImage;
import dev.darkroom.media.v1.Image;
import dev.darkroom.media.v1.ImageChunk;
import dev.darkroom.safety.v1.OutputVerdict;
import dev.darkroom.text2image.v1.GeneratedImage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ContactSheetTest {

    private static final int RED = 0xffff0000;

    @ParameterizedTest
    @CsvSource({"1,1", "2,2", "3,3", "4,2", "5,5", "6,3", "8,4", "16,4"})
    void columns_leavesFewHoles(int pictures, int columns) {
        assertThat(ContactSheet.columns(pictures)).isEqualTo(columns);
    }

    @ParameterizedTest
    @CsvSource({"64,128", "48,144", "128,128", "256,256", "1024,256"})
    void of_picturesOfAnySize_haveTilesOfAUsefulOne(int side, int tile) {
        BufferedImage sheet = ContactSheet.of(List.of(red(side), red(side), red(side), red(side)));

        assertThat(sheet.getWidth()).isEqualTo(3 * 4 + 2 * tile);
        assertThat(sheet.getHeight()).isEqualTo(3 * 4 + 2 * tile);
        assertThat(sheet.getRGB(4 + tile / 2, 4 + tile / 2)).isEqualTo(RED);
        assertThat(sheet.getRGB(4 + tile + 2, 10)).isEqualTo(0xffffffff);
    }

    @Test
    void tiles_onePictureHeldBack_standsAsAGreyTile() throws IOException {
        List<BufferedImage> tiles = ContactSheet.tiles(List.of(delivered(0, 256), blocked(1, 64), delivered(2, 256)));

        BufferedImage sheet = ContactSheet.of(tiles);

        assertThat(sheet.getWidth()).isEqualTo(4 * 4 + 3 * 256);
        assertThat(sheet.getRGB(4 + 128, 4 + 128)).isEqualTo(RED);
        assertThat(sheet.getRGB(2 * 4 + 256 + 128, 4 + 20)).isEqualTo(0xffd0d0d0);
    }

    @Test
    void tiles_firstPictureHeldBackBeforeItWasEnlarged_doesNotShrinkTheOthers() throws IOException {
        BufferedImage sheet = ContactSheet.of(ContactSheet.tiles(List.of(blocked(0, 64), delivered(1, 256))));

        assertThat(sheet.getWidth()).isEqualTo(3 * 4 + 2 * 256);
    }

    private static Picture blocked(int index, int side) {
        return Picture.of(announced(index, side, new byte[0])
                .setOutputVerdict(OutputVerdict.OUTPUT_VERDICT_BLOCKED)
                .build());
    }

    private static Picture delivered(int index, int side) throws IOException {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(red(side), "png", png);
        Picture picture = Picture.of(announced(index, side, png.toByteArray()).build());
        picture.append(ImageChunk.newBuilder()
                .setIndex(index)
                .setData(ByteString.copyFrom(png.toByteArray()))
                .build());
        return picture;
    }

    private static DeliveredImage.Builder announced(int index, int side, byte[] bytes) {
        Image.Builder image = Image.newBuilder()
                .setIndex(index)
                .setWidth(side)
                .setHeight(side)
                .setSizeBytes(bytes.length)
                .setSha256(Picture.sha256(bytes));
        return DeliveredImage.newBuilder()
                .setGenerated(GeneratedImage.newBuilder().setImage(image));
    }

    private static BufferedImage red(int side) {
        BufferedImage picture = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < side * side; i++) {
            picture.setRGB(i % side, i / side, RED);
        }
        return picture;
    }
}
