// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

/** The picture that {@code darkroom_training.record_pictures} gives Pillow and transformers, drawn again from whole numbers. */
public final class RecordedPicture {
    private RecordedPicture() {}

    public static RgbImage of(int width, int height) {
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < width * height; i++) {
            int x = i % width;
            int y = i / width;
            rgb[i * 3] = (byte) ((x * 5 + y * 3) % 256);
            rgb[i * 3 + 1] = (byte) (x * y % 251);
            rgb[i * 3 + 2] = (byte) ((x / 4 + y / 4) % 2 * 200 + x % 50);
        }
        return RgbImage.of(width, height, rgb);
    }
}
