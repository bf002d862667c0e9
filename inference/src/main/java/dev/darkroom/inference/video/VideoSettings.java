// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.video;

/**
 * What a clip's file is to be like.
 *
 * @param width of the frames, in pixels
 * @param height of the frames, in pixels
 * @param frameRate frames per second, constant
 * @param quality 1 to 100; without effect on GIF and PNG
 */
public record VideoSettings(VideoFormat format, int width, int height, int frameRate, int quality) {
    private static final int MIN_SIDE = 16; // of what OpenH264 takes

    public VideoSettings {
        if (width < 1 || height < 1 || frameRate < 1 || quality < 1 || quality > 100) {
            throw new IllegalArgumentException(
                    width + " x " + height + " at " + frameRate + " frames per second, quality " + quality);
        }
    }

    /** Returns the width of the frames in the file: H.264 in 4:2:0 has even sides of at least 16. */
    public int encodedWidth() {
        return encoded(width);
    }

    /** Returns the height of the frames in the file. */
    public int encodedHeight() {
        return encoded(height);
    }

    private int encoded(int side) {
        return format == VideoFormat.MP4 ? Math.max(MIN_SIDE, side + side % 2) : side;
    }
}
