// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.video;

import dev.darkroom.inference.image.RgbImage;

/**
 * Tells a change of scene from motion within one. Motion moves colours about; a cut changes most places and leaves other colours than there were.
 * So both must be: in most blocks of an 8 x 8 grid the mean colour jumps, and the colour histograms have less in common than they have not.
 */
final class SceneCut {
    private static final int GRID = 8;
    private static final int BINS = 8; // of each channel
    private static final double JUMP = 24; // levels of 255, of the channel that changes most
    private static final double MOST_BLOCKS = 0.6;
    private static final double IN_COMMON = 0.5;

    private SceneCut() {}

    /** Tells whether two frames of one size, one after the other, are of different scenes. */
    static boolean isBetween(RgbImage first, RgbImage second) {
        return jumped(means(first), means(second)) > MOST_BLOCKS
                && common(histogram(first), histogram(second)) < IN_COMMON;
    }

    /** Returns the share of blocks whose colour jumps. */
    private static double jumped(double[][] first, double[][] second) {
        int count = 0;
        for (int block = 0; block < first.length; block++) {
            double most = 0;
            for (int channel = 0; channel < 3; channel++) {
                most = Math.max(most, Math.abs(first[block][channel] - second[block][channel]));
            }
            count += most > JUMP ? 1 : 0;
        }
        return (double) count / first.length;
    }

    private static double[][] means(RgbImage image) {
        double[][] sums = new double[GRID * GRID][3];
        int[] pixels = new int[GRID * GRID];
        for (int i = 0; i < image.width() * image.height(); i++) {
            int block = i / image.width() * GRID / image.height() * GRID + i % image.width() * GRID / image.width();
            pixels[block]++;
            for (int channel = 0; channel < 3; channel++) {
                sums[block][channel] += image.rgb()[3 * i + channel] & 0xff;
            }
        }
        for (int block = 0; block < sums.length; block++) {
            for (int channel = 0; channel < 3; channel++) {
                sums[block][channel] /= Math.max(1, pixels[block]);
            }
        }
        return sums;
    }

    /** Returns the share of what two histograms have in common. */
    private static double common(double[] first, double[] second) {
        double sum = 0;
        for (int bin = 0; bin < first.length; bin++) {
            sum += Math.min(first[bin], second[bin]);
        }
        return sum;
    }

    /** Spreads each pixel over the two nearest bins of each channel, so that a slight change of light moves it only slightly. */
    private static double[] histogram(RgbImage image) {
        double[] bins = new double[BINS * BINS * BINS];
        byte[] rgb = image.rgb();
        double share = 3.0 / rgb.length;
        for (int i = 0; i < rgb.length; i += 3) {
            for (int corner = 0; corner < 8; corner++) {
                int bin = 0;
                double weight = share;
                for (int channel = 0; channel < 3; channel++) {
                    double place = (rgb[i + channel] & 0xff) / 255.0 * (BINS - 1);
                    int below = (int) place;
                    boolean upper = (corner >> channel & 1) == 1;
                    weight *= upper ? place - below : 1 - (place - below);
                    bin = bin * BINS + Math.min(below + (upper ? 1 : 0), BINS - 1);
                }
                bins[bin] += weight;
            }
        }
        return bins;
    }
}
