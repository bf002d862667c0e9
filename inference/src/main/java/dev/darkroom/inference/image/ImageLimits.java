// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

/**
 * Which pictures {@link ImageDecoder} takes.
 *
 * @param minSize smallest width and height, in pixels
 * @param maxSize largest width and height, in pixels
 * @param maxBytes longest file
 */
public record ImageLimits(int minSize, int maxSize, int maxBytes) {
    public ImageLimits {
        if (minSize < 1 || maxSize < minSize || maxBytes < 1) {
            throw new IllegalArgumentException(minSize + " to " + maxSize + " pixels, " + maxBytes + " bytes");
        }
    }

    void requireLength(int bytes) {
        if (bytes < 1 || bytes > maxBytes) {
            throw new UnreadableImageException("1 to " + maxBytes + " bytes long", Integer.toString(bytes));
        }
    }

    void requireSize(int width, int height) {
        if (Math.min(width, height) < minSize || Math.max(width, height) > maxSize) {
            throw new UnreadableImageException(
                    minSize + " to " + maxSize + " pixels wide and high", width + " x " + height);
        }
    }
}
