// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import dev.darkroom.inference.image.ImageDecoder.Decoded;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageReader;

/** From a codec's picture, of whatever layout, to 8-bit RGB over white. */
final class PixelReader {
    private final Raster raster;
    private final Layout layout;
    private final Colours colours;
    private final int side;
    private final int width;
    private final byte[] rgb;
    private final int[] samples;
    private final int[] line;
    private final int[] sums;
    private boolean alphaDropped;

    /** Gives the pixel whose samples begin at an index as 0xAARRGGBB, or as 0xCCMMYYKK. */
    private interface Layout {
        int pixel(int[] samples, int at);
    }

    private PixelReader(BufferedImage picture, boolean inks, byte[] profile, int side) {
        this.raster = picture.getRaster();
        this.layout = inks ? inks(most(picture)) : layout(picture);
        this.colours = Colours.of(profile, inks ? 4 : isGrey(picture) ? 1 : 3, picture.getWidth());
        this.side = side;
        this.width = Math.ceilDiv(picture.getWidth(), side);
        this.rgb = new byte[width * Math.ceilDiv(picture.getHeight(), side) * 3];
        this.samples = new int[raster.getWidth() * raster.getNumBands()];
        this.line = new int[raster.getWidth()];
        this.sums = new int[width * 3];
    }

    /**
     * Decodes a picture.
     *
     * @param side each square of so many pixels becomes one, their mean; smaller ones at the right and lower border too
     */
    static Decoded read(PictureFile file, PictureFile.Content content, int side) throws IOException {
        PixelReader pixels = new PixelReader(decode(file, content.pixels()), file.inks(), content.profile(), side);
        for (int row = 0; row * pixels.width * 3 < pixels.rgb.length; row++) {
            pixels.read(row);
        }
        return new Decoded(
                RgbImage.of(pixels.width, pixels.rgb.length / 3 / pixels.width, pixels.rgb), pixels.alphaDropped);
    }

    /** A codec that is lenient says so by a warning. */
    private static BufferedImage decode(PictureFile file, byte[] content) throws IOException {
        ImageReader codec = file.codec();
        List<String> warnings = new ArrayList<>();
        try (ByteArrayImageInputStream in = new ByteArrayImageInputStream(content)) {
            codec.addIIOReadWarningListener((_, warning) -> warnings.add(warning));
            codec.setInput(in, true, true);
            BufferedImage picture = file.read(codec);
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
        ColorModel model = picture.getColorModel();
        if (model instanceof IndexColorModel palette) {
            return (samples, at) -> palette.getRGB(samples[at]);
        }
        int[] most = most(picture);
        Layout opaque = isGrey(picture)
                ? (s, i) -> 0xff000000 | eight(s[i], most[0]) * 0x10101
                : (s, i) -> 0xff000000 | rgb(s, i, most);
        if (!model.hasAlpha()) {
            return opaque;
        }
        int alpha = most.length - 1;
        Layout straight = (s, i) -> eight(s[i + alpha], most[alpha]) << 24 | (opaque.pixel(s, i) & 0xffffff);
        return model.isAlphaPremultiplied() ? (s, i) -> divided(straight.pixel(s, i)) : straight;
    }

    private static Layout inks(int[] most) {
        return (s, i) -> rgb(s, i, most) << 8 | eight(s[i + 3], most[3]);
    }

    private static boolean isGrey(BufferedImage picture) {
        return picture.getRaster().getNumBands() < 3 && !(picture.getColorModel() instanceof IndexColorModel);
    }

    /** Returns the largest value of each sample: 5, 6 and 5 bits are possible. */
    private static int[] most(BufferedImage picture) {
        return IntStream.of(picture.getSampleModel().getSampleSize())
                .map(bits -> (1 << bits) - 1)
                .toArray();
    }

    private static int rgb(int[] samples, int at, int[] most) {
        return eight(samples[at], most[0]) << 16
                | eight(samples[at + 1], most[1]) << 8
                | eight(samples[at + 2], most[2]);
    }

    private static int eight(int sample, int most) {
        return most == 255 ? sample : (sample * 255 + most / 2) / most;
    }

    /** Takes the alpha out of colours that were stored with it. */
    private static int divided(int argb) {
        int alpha = argb >>> 24;
        int divided = alpha << 24;
        for (int shift = 0; shift < 24 && alpha > 0; shift += 8) {
            divided |= Math.min(255, (argb >>> shift & 255) * 255 / alpha) << shift;
        }
        return divided;
    }

    private void read(int row) {
        int bands = raster.getNumBands();
        Arrays.fill(sums, 0);
        int first = row * side;
        int rows = Math.min(side, raster.getHeight() - first);
        for (int y = first; y < first + rows; y++) {
            raster.getPixels(0, y, raster.getWidth(), 1, samples);
            Arrays.setAll(line, x -> layout.pixel(samples, x * bands));
            colours.toSrgb(line);
            for (int x = 0; x < line.length; x++) {
                add(line[x], x / side * 3);
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
