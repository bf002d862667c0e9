// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import dev.darkroom.inference.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * An 8-bit picture: rows from the top, pixels from the left, three bytes each (red, green, blue). Immutable by convention: the
 * array is taken over and handed out without a copy, and nobody writes to it.
 */
public final class RgbImage {
    private final int width;
    private final int height;
    private final byte[] rgb;

    private RgbImage(int width, int height, byte[] rgb) {
        this.width = width;
        this.height = height;
        this.rgb = rgb;
    }

    /**
     * Takes {@code rgb} over.
     *
     * @throws IllegalArgumentException unless it holds {@code width * height * 3} bytes, of at least one pixel
     */
    public static RgbImage of(int width, int height, byte[] rgb) {
        if (width < 1 || height < 1 || 3L * width * height != rgb.length) {
            throw new IllegalArgumentException(rgb.length + " bytes for " + width + " x " + height + " pixels");
        }
        return new RgbImage(width, height, rgb);
    }

    /**
     * Converts a decoder's output, (N, 3, H, W) in [-1, 1], clamped beyond, as diffusers' {@code VaeImageProcessor} does:
     * {@code x / 2 + 0.5} limited to [0, 1], times 255 in float32, rounded half to even.
     *
     * @throws IllegalArgumentException for another shape, or a NaN
     */
    public static List<RgbImage> fromDecoded(Tensor decoded) {
        if (decoded.rank() != 4 || decoded.dim(1) != 3) {
            throw new IllegalArgumentException("expected (N, 3, H, W), got " + decoded);
        }
        return IntStream.range(0, decoded.dim(0))
                .mapToObj(n -> fromDecoded(decoded, n))
                .toList();
    }

    private static RgbImage fromDecoded(Tensor decoded, int n) {
        int plane = decoded.dim(2) * decoded.dim(3);
        byte[] rgb = new byte[plane * 3];
        for (int channel = 0; channel < 3; channel++) {
            int start = (n * 3 + channel) * plane;
            for (int i = 0; i < plane; i++) {
                rgb[i * 3 + channel] = (byte) Math.rint(level(decoded.data()[start + i]));
            }
        }
        return new RgbImage(decoded.dim(3), decoded.dim(2), rgb);
    }

    /**
     * Returns what a decoder's value means as a byte, 0 to 255, before it is rounded.
     *
     * @throws IllegalArgumentException for NaN
     */
    public static float level(float decoded) {
        if (Float.isNaN(decoded)) {
            throw new IllegalArgumentException("the decoder's output holds NaN");
        }
        return Math.clamp(decoded / 2 + 0.5f, 0f, 1f) * 255f;
    }

    public int width() {
        return width;
    }

    public int height() {
        return height;
    }

    /** Returns the backing array. The caller must not write to it. */
    public byte[] rgb() {
        return rgb;
    }

    /** Returns the channels as (1, 3, H, W) in [-1, 1]: the inverse of {@link #fromDecoded} up to rounding. */
    public Tensor toTensor() {
        int plane = width * height;
        float[] values = new float[plane * 3];
        for (int i = 0; i < rgb.length; i++) {
            values[(i % 3) * plane + i / 3] = (rgb[i] & 0xff) / 255f * 2f - 1f;
        }
        return Tensor.of(values, 1, 3, height, width);
    }

    /**
     * Returns the upper left part; itself if that is all.
     *
     * @throws IllegalArgumentException if it is not that large
     */
    public RgbImage cropped(int newWidth, int newHeight) {
        if (newWidth > width || newHeight > height) {
            throw new IllegalArgumentException(newWidth + " x " + newHeight + " of " + this);
        }
        if (newWidth == width && newHeight == height) {
            return this;
        }
        byte[] part = new byte[newWidth * newHeight * 3];
        for (int y = 0; y < newHeight; y++) {
            System.arraycopy(rgb, y * width * 3, part, y * newWidth * 3, newWidth * 3);
        }
        return of(newWidth, newHeight, part);
    }

    /** Returns a picture of at least that size, whose last column and row are repeated to the right and below; itself if it is. */
    public RgbImage padded(int minWidth, int minHeight) {
        int newWidth = Math.max(width, minWidth);
        int newHeight = Math.max(height, minHeight);
        if (newWidth == width && newHeight == height) {
            return this;
        }
        byte[] larger = new byte[newWidth * newHeight * 3];
        for (int i = 0; i < newWidth * newHeight; i++) {
            int pixel = Math.min(i / newWidth, height - 1) * width + Math.min(i % newWidth, width - 1);
            System.arraycopy(rgb, pixel * 3, larger, i * 3, 3);
        }
        return of(newWidth, newHeight, larger);
    }

    /** Tells whether every pixel has the same colour, which no successful generation gives. */
    public boolean isConstant() {
        for (int i = 3; i < rgb.length; i++) {
            if (rgb[i] != rgb[i - 3]) {
                return false;
            }
        }
        return true;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RgbImage that && width == that.width && Arrays.equals(rgb, that.rgb);
    }

    @Override
    public int hashCode() {
        return 31 * width + Arrays.hashCode(rgb);
    }

    /** Names the size only: pixels must not reach a log. */
    @Override
    public String toString() {
        return "RgbImage[" + width + " x " + height + "]";
    }
}
