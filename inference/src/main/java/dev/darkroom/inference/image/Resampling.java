// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

/** Pillow's filters (Resample.c), in the order of the numbers that {@code preprocessor_config.json} has for them, from 0. */
public enum Resampling {
    /** No filter, so no sample has a weight: {@link Resize} picks the one under each centre. */
    NEAREST(0) {
        @Override
        double weight(double x) {
            return 0;
        }
    },
    LANCZOS(3) {
        @Override
        double weight(double x) {
            return x < -3 || x >= 3 ? 0 : sinc(x) * sinc(x / 3);
        }
    },
    BILINEAR(1) {
        @Override
        double weight(double x) {
            return Math.max(0, 1 - Math.abs(x));
        }
    },
    /** Keys 1981, with a = -0.5. */
    BICUBIC(2) {
        @Override
        double weight(double x) {
            double t = Math.abs(x);
            if (t < 1) {
                return (1.5 * t - 2.5) * t * t + 1;
            }
            return t < 2 ? (((t - 5) * t + 8) * t - 4) * -0.5 : 0;
        }
    },
    BOX(0.5) {
        @Override
        double weight(double x) {
            return x > -0.5 && x <= 0.5 ? 1 : 0;
        }
    },
    HAMMING(1) {
        @Override
        double weight(double x) {
            return Math.abs(x) >= 1 ? 0 : sinc(Math.abs(x)) * (0.54 + 0.46 * Math.cos(x * Math.PI));
        }
    };

    private final double support;

    Resampling(double support) {
        this.support = support;
    }

    /** Returns the weight of a sample at a distance, in samples of the coarser of the two grids. */
    abstract double weight(double x);

    /** Returns the distance beyond which weights are 0. */
    double support() {
        return support;
    }

    private static double sinc(double x) {
        return x == 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
    }
}
