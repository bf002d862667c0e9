// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import java.io.IOException;

/**
 * Decodes pictures that may come from anybody: PNG, JPEG, WebP, GIF, TIFF and BMP. The header decides before any pixel is decoded, the
 * whole file is walked before any of it reaches a codec, and a damaged or cut file is refused rather than shown in part. Thread-safe;
 * writes no temporary files.
 *
 * <p>Every picture becomes 8-bit sRGB: grey, palettes, inks (CMYK) and 16 bits per sample are converted, an embedded ICC profile is
 * followed, transparency is laid over white, and the EXIF orientation is applied. Colours without a profile, or with a damaged one, are
 * taken for sRGB, and inks are then mixed as Pillow mixes them. Of a GIF and a TIFF the first picture is read. Refused besides damaged
 * files: animated PNG and WebP, JPEGs of 12 bits, lossless or arithmetically coded, TIFFs of other colours than those, of signed numbers
 * or fractions.
 *
 * <p>Takes, beside the result, a copy of the file and the codec's own picture: 3 bytes per pixel as a rule, 8 for one of 16 bits with
 * transparency, up to 9 for a progressive JPEG.
 */
public final class ImageDecoder {
    private ImageDecoder() {}

    /**
     * A decoded picture.
     *
     * @param alphaDropped whether a pixel was not opaque, and so has white in it now
     */
    public record Decoded(RgbImage image, boolean alphaDropped) {}

    /**
     * Decodes a whole file.
     *
     * @throws UnreadableImageException if it is no intact picture within the limits
     */
    public static Decoded decode(byte[] file, ImageLimits limits) {
        return decode(file, limits, Integer.MAX_VALUE);
    }

    /**
     * Decodes a whole file for a reader who needs no more than so many pixels: where both sides have at least twice {@code enough},
     * squares of k x k pixels are averaged as the codec's picture is read, k as large as leaves {@code enough}.
     *
     * @param enough pixels on the shorter side
     * @throws UnreadableImageException if it is no intact picture within the limits
     */
    public static Decoded decode(byte[] file, ImageLimits limits, int enough) {
        limits.requireLength(file.length);
        ImageFormat format = ImageFormat.of(file);
        try {
            PictureFile picture = format.open(file);
            limits.requireSize(picture.width(), picture.height());
            int side = Math.max(1, Math.min(picture.width(), picture.height()) / enough);
            PictureFile.Content content = picture.content();
            Decoded decoded = PixelReader.read(picture, content, side);
            return new Decoded(Orientation.apply(content.orientation(), decoded.image()), decoded.alphaDropped());
        } catch (UnreadableImageException e) {
            throw e;
        } catch (IOException
                | RuntimeException e) { // buffers and codecs meet damaged bytes with exceptions of all kinds
            throw UnreadableImageException.damaged(format);
        }
    }
}
