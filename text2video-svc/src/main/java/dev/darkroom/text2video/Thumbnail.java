// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import dev.darkroom.inference.image.RgbImage;

/** Shrinks previews to at most 128 pixels a side: 49,152 bytes before compression, so that they fit one message. */
final class Thumbnail {
    private static final int MAX_SIDE = 128;

    private Thumbnail() {}

    /** Returns the mean of each block of the smallest whole size that is enough; {@code image} itself if it is small already. */
    static RgbImage of(RgbImage image) {
        int block = Math.ceilDiv(Math.max(image.width(), image.height()), MAX_SIDE);
        if (block == 1) {
            return image;
        }
        int width = Math.max(1, image.width() / block);
        int height = Math.max(1, image.height() / block);
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) mean(image, i / 3 % width * block, i / 3 / width * block, i % 3, block);
        }
        return RgbImage.of(width, height, rgb);
    }

    private static int mean(RgbImage image, int left, int top, int channel, int block) {
        int right = Math.min(left + block, image.width());
        int bottom = Math.min(top + block, image.height());
        int sum = 0;
        for (int y = top; y < bottom; y++) {
            for (int x = left; x < right; x++) {
                sum += image.rgb()[(y * image.width() + x) * 3 + channel] & 0xff;
            }
        }
        return sum / ((right - left) * (bottom - top));
    }
}
