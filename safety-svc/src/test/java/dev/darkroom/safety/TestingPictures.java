// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import dev.darkroom.inference.image.PngWriter;
import dev.darkroom.inference.image.RgbImage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import javax.imageio.ImageIO;

/** Pictures that a model can tell apart. */
enum TestingPictures {
    DISC {
        @Override
        int rgb(int x, int y) {
            return (x - 32) * (x - 32) + (y - 32) * (y - 32) < 400 ? 0xd02020 : 0xf0f0f0;
        }
    },
    STRIPES {
        @Override
        int rgb(int x, int y) {
            return x / 8 % 2 == 0 ? 0x102060 : 0x40e080;
        }
    },
    SQUARE {
        @Override
        int rgb(int x, int y) {
            return x > 8 && x < 40 && y > 20 && y < 60 ? 0xf0d010 : 0x302020;
        }
    },
    SLOPE {
        @Override
        int rgb(int x, int y) {
            return ((x * 4) << 16) | (y * 4);
        }
    };

    private static final int SIDE = 64;

    abstract int rgb(int x, int y);

    RgbImage picture() {
        byte[] rgb = new byte[SIDE * SIDE * 3];
        for (int i = 0; i < SIDE * SIDE; i++) {
            int colour = rgb(i % SIDE, i / SIDE);
            rgb[i * 3] = (byte) (colour >> 16);
            rgb[i * 3 + 1] = (byte) (colour >> 8);
            rgb[i * 3 + 2] = (byte) colour;
        }
        return RgbImage.of(SIDE, SIDE, rgb);
    }

    byte[] png() {
        return PngWriter.encode(picture(), "{\"prompt\": \"heliotrope\"}");
    }

    byte[] jpeg() throws IOException {
        BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_3BYTE_BGR);
        for (int i = 0; i < SIDE * SIDE; i++) {
            image.setRGB(i % SIDE, i / SIDE, rgb(i % SIDE, i / SIDE));
        }
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        ImageIO.write(image, "jpeg", file);
        return file.toByteArray();
    }
}
