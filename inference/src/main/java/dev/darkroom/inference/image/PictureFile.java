// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import java.io.IOException;
import javax.imageio.ImageReader;

/** A picture's file, the header of which has been read. */
sealed interface PictureFile permits PngFile, JpegFile, WebpFile {
    ImageFormat format();

    /** Returns the width as stored, in pixels; whatever the file says, 0 and less included. */
    int width();

    /** Returns the height as stored, in pixels; whatever the file says, 0 and less included. */
    int height();

    /** Returns the EXIF orientation, 1 (upright) to 8. */
    default int orientation() {
        return 1;
    }

    /**
     * Walks the whole file, and returns one with nothing but what decides the pixels: no profile, text, thumbnail or further picture
     * reaches a codec.
     *
     * @throws UnreadableImageException if the file is an animation
     * @throws RuntimeException of any kind if it is damaged or cut off
     */
    byte[] pixelData();

    /** Returns a new codec; the caller disposes of it. */
    ImageReader codec() throws IOException;

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
