// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import dev.darkroom.inference.image.ImageDecoder.Decoded;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageReader;

/** From a codec's picture, of whatever layout, to 8-bit RGB over white. */
final class PixelReader {
    private final Raster raster;
    private final Layout layout;
    private final int side;
    private final int width;
    private final byte[] rgb;
    private final int[] samples;
    private final int[] sums;
    private boolean alphaDropped;

    /** Gives the pixel whose samples begin at an index as 0xAARRGGBB. */
    private interface Layout {
        int argb(int[] samples, int at);
    }

    private PixelReader(BufferedImage picture, int side) {
        this.raster = picture.getRaster();
        this.layout = layout(picture);
        this.side = side;
        this.width = Math.ceilDiv(picture.getWidth(), side);
        this.rgb = new byte[width * Math.ceilDiv(picture.getHeight(), side) * 3];
        this.samples = new int[raster.getWidth() * raster.getNumBands()];
        this.sums = new int[width * 3];
    }

    /**
     * Decodes a picture.
     *
     * @param side each square of so many pixels becomes one, their mean; smaller ones at the right and lower border too
     */
    static Decoded read(PictureFile file, int side) throws IOException {
        PixelReader pixels = new PixelReader(decode(file), side);
        for (int row = 0; row * pixels.width * 3 < pixels.rgb.length; row++) {
            pixels.read(row);
        }
        return new Decoded(
                RgbImage.of(pixels.width, pixels.rgb.length / 3 / pixels.width, pixels.rgb), pixels.alphaDropped);
    }

    /** A codec that is lenient says so by a warning. */
    private static BufferedImage decode(PictureFile file) throws IOException {
        ImageReader codec = file.codec();
        List<String> warnings = new ArrayList<>();
        try (ByteArrayImageInputStream in = new ByteArrayImageInputStream(file.pixelData())) {
            codec.addIIOReadWarningListener((_, warning) -> warnings.add(warning));
            codec.setInput(in, true, true);
            BufferedImage picture = codec.read(0);
            PictureFile.require(
                    warnings.isEmpty() && picture.getWidth() == file.width() && picture.getHeight() == file.height(),
                    file.format());
            return picture;
        } finally {
            codec.dispose();
        }
    }

    /**
     * Samples are taken as stored. ({@code BufferedImage.getRGB} would take grey for linear light, and brighten it.)
     */
    private static Layout layout(BufferedImage picture) {
        if (picture.getColorModel() instanceof IndexColorModel palette) {
            return (samples, at) -> palette.getRGB(samples[at]);
        }
        int most = (1 << picture.getSampleModel().getSampleSize(0)) - 1;
        return switch (picture.getRaster().getNumBands()) {
            case 1 -> (s, i) -> argb(most, most, s[i], s[i], s[i]);
            case 2 -> (s, i) -> argb(most, s[i + 1], s[i], s[i], s[i]);
            case 3 -> (s, i) -> argb(most, most, s[i], s[i + 1], s[i + 2]);
            default -> (s, i) -> argb(most, s[i + 3], s[i], s[i + 1], s[i + 2]);
        };
    }

    private static int argb(int most, int alpha, int red, int green, int blue) {
        return eight(alpha, most) << 24 | eight(red, most) << 16 | eight(green, most) << 8 | eight(blue, most);
    }

    private static int eight(int sample, int most) {
        return most == 255 ? sample : (sample * 255 + most / 2) / most;
    }

    private void read(int row) {
        int bands = raster.getNumBands();
        Arrays.fill(sums, 0);
        int first = row * side;
        int rows = Math.min(side, raster.getHeight() - first);
        for (int y = first; y < first + rows; y++) {
            raster.getPixels(0, y, raster.getWidth(), 1, samples);
            for (int x = 0; x < raster.getWidth(); x++) {
                add(layout.argb(samples, x * bands), x / side * 3);
            }
        }
        for (int i = 0; i < sums.length; i++) {
            int count = rows * Math.min(side, raster.getWidth() - i / 3 * side);
            rgb[row * sums.length + i] = (byte) ((sums[i] + count / 2) / count);
        }
    }

    private void add(int argb, int at) {
        int alpha = argb >>> 24;
        alphaDropped |= alpha < 255;
        for (int channel = 0; channel < 3; channel++) {
            int colour = (argb >>> (16 - 8 * channel)) & 255;
            sums[at + channel] += (colour * alpha + 255 * (255 - alpha) + 127) / 255;
        }
    }
}
