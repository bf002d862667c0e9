// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import java.awt.image.BufferedImage;
import java.io.IOException;
import javax.imageio.ImageReader;

/** A picture's file, the header of which has been read. */
sealed interface PictureFile permits PngFile, JpegFile, WebpFile, GifFile, TiffFile, BmpFile {
    /** What a file holds for us. */
    final class Content {
        static final byte[] NO_PROFILE = {};

        private final byte[] pixels;
        private final byte[] profile;
        private final int orientation;

        Content(byte[] pixels, byte[] profile, int orientation) {
            this.pixels = pixels;
            this.profile = profile;
            this.orientation = orientation;
        }

        static Content upright(byte[] pixels) {
            return new Content(pixels, NO_PROFILE, 1);
        }

        /**
         * Returns a file of the same format with nothing but what decides the pixels: no profile, text, thumbnail or further picture
         * reaches a codec.
         */
        byte[] pixels() {
            return pixels;
        }

        /** Returns the ICC profile, unchecked; empty without one. */
        byte[] profile() {
            return profile;
        }

        /** Returns the orientation as EXIF has it, 1 (upright) to 8. */
        int orientation() {
            return orientation;
        }
    }

    ImageFormat format();

    /** Returns the width as stored, in pixels; whatever the file says, 0 and less included. */
    int width();

    /** Returns the height as stored, in pixels; whatever the file says, 0 and less included. */
    int height();

    /** Tells whether the four samples of a pixel are cyan, magenta, yellow and black, 0 for none. */
    default boolean inks() {
        return false;
    }

    /**
     * Walks the whole file; works once.
     *
     * @throws UnreadableImageException if the file is an animation that has no first picture of its own
     * @throws RuntimeException of any kind if it is damaged or cut off
     */
    Content content();

    /** Returns a new codec; the caller disposes of it. */
    ImageReader codec() throws IOException;

    /** Decodes with a codec whose input is {@link Content#pixels}. */
    default BufferedImage read(ImageReader codec) throws IOException {
        return codec.read(0);
    }

    static void require(boolean condition, ImageFormat format) {
        if (!condition) {
            throw UnreadableImageException.damaged(format);
        }
    }

    static void requireStill(boolean still) {
        if (!still) {
            throw new UnreadableImageException("a still picture", "an animation");
        }
    }
}
