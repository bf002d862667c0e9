// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

/**
 * Resizes as the {@code Image.resize} of Pillow 13 does with 8-bit pictures, byte for byte (ImageProcessorTest holds recorded ones): a
 * filter as wide as the coarser grid, so that nothing is left out when a picture shrinks; weights of 22 bits behind the point; first
 * along rows, then along columns, or the other way round where that loses the most pixels first; rounded to 8 bits between. Nearest
 * takes the samples under the new centres.
 */
public final class Resize {
    private static final int WEIGHT_BITS = 22;
    private static final int HALF = 1 << (WEIGHT_BITS - 1);

    private Resize() {}

    /** The samples that one output pixel is made of. */
    private static final class Kernel {
        private final int first;
        private final int[] weights;

        Kernel(int first, int[] weights) {
            this.first = first;
            this.weights = weights;
        }
    }

    /** Returns a picture of {@code width} x {@code height} pixels; the same one if it has that size. */
    public static RgbImage resize(RgbImage image, int width, int height, Resampling resampling) {
        if (resampling == Resampling.NEAREST) {
            return nearest(image, width, height);
        }
        int lostColumns = image.width() - width;
        int lostRows = image.height() - height;
        return lostRows > 0
                        && lostRows > 2 * lostColumns // as Pillow chooses, found by trying 4,000 sizes; before 13 it
                // never does
                ? alongRows(alongColumns(image, height, resampling), width, resampling)
                : alongColumns(alongRows(image, width, resampling), height, resampling);
    }

    private static RgbImage nearest(RgbImage image, int width, int height) {
        int[] columns = centres(image.width(), width);
        int[] rows = centres(image.height(), height);
        byte[] resized = new byte[width * height * 3];
        for (int i = 0; i < width * height; i++) {
            int from = rows[i / width] * image.width() + columns[i % width];
            System.arraycopy(image.rgb(), from * 3, resized, i * 3, 3);
        }
        return RgbImage.of(width, height, resized);
    }

    /** Adds up, with the rounding of that, as Pillow does (Geometry.c, ImagingScaleAffine). */
    private static int[] centres(int from, int to) {
        double step = (double) from / to;
        double centre = step * 0.5;
        int[] centres = new int[to];
        for (int i = 0; i < to; i++) {
            centres[i] = Math.min((int) centre, from - 1);
            centre += step;
        }
        return centres;
    }

    private static RgbImage alongRows(RgbImage image, int width, Resampling resampling) {
        if (image.width() == width) {
            return image;
        }
        Kernel[] kernels = kernels(image.width(), width, resampling);
        byte[] resized = new byte[width * image.height() * 3];
        int to = 0;
        for (int y = 0; y < image.height(); y++) {
            for (Kernel kernel : kernels) {
                int from = (y * image.width() + kernel.first) * 3;
                for (int channel = 0; channel < 3; channel++) {
                    resized[to++] = sum(image.rgb(), from + channel, 3, kernel.weights);
                }
            }
        }
        return RgbImage.of(width, image.height(), resized);
    }

    private static RgbImage alongColumns(RgbImage image, int height, Resampling resampling) {
        if (image.height() == height) {
            return image;
        }
        Kernel[] kernels = kernels(image.height(), height, resampling);
        int row = image.width() * 3;
        byte[] resized = new byte[row * height];
        int to = 0;
        for (Kernel kernel : kernels) {
            for (int i = 0; i < row; i++) {
                resized[to++] = sum(image.rgb(), kernel.first * row + i, row, kernel.weights);
            }
        }
        return RgbImage.of(image.width(), height, resized);
    }

    private static byte sum(byte[] samples, int first, int stride, int[] weights) {
        int sum = HALF;
        int at = first;
        for (int weight : weights) {
            sum += (samples[at] & 0xff) * weight;
            at += stride;
        }
        return (byte) Math.clamp(sum >> WEIGHT_BITS, 0, 255);
    }

    private static Kernel[] kernels(int from, int to, Resampling resampling) {
        Kernel[] kernels = new Kernel[to];
        double scale = (double) from / to;
        for (int i = 0; i < to; i++) {
            kernels[i] = kernel((i + 0.5) * scale, Math.max(1, scale), from, resampling);
        }
        return kernels;
    }

    private static Kernel kernel(double centre, double scale, int samples, Resampling resampling) {
        double support = resampling.support() * scale;
        int first = Math.max(0, (int) (centre - support + 0.5));
        int end = Math.min(samples, (int) (centre + support + 0.5));
        double[] weights = new double[end - first];
        double total = 0;
        for (int i = 0; i < weights.length; i++) {
            weights[i] = resampling.weight((i + first - centre + 0.5) * (1 / scale));
            total += weights[i];
        }
        int[] rounded = new int[weights.length];
        for (int i = 0; i < weights.length; i++) {
            double weight = weights[i] / total * (1 << WEIGHT_BITS);
            rounded[i] = (int) (weight < 0 ? weight - 0.5 : weight + 0.5);
        }
        return new Kernel(first, rounded);
    }
}
