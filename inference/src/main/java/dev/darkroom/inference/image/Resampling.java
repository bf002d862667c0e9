// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

/** Pillow's filters (Resample.c), under the numbers that {@code preprocessor_config.json} has for them. */
public enum Resampling {
    LANCZOS(1, 3) {
        @Override
        double weight(double x) {
            return x < -3 || x >= 3 ? 0 : sinc(x) * sinc(x / 3);
        }
    },
    BILINEAR(2, 1) {
        @Override
        double weight(double x) {
            return Math.max(0, 1 - Math.abs(x));
        }
    },
    /** Keys 1981, with a = -0.5. */
    BICUBIC(3, 2) {
        @Override
        double weight(double x) {
            double t = Math.abs(x);
            if (t < 1) {
                return (1.5 * t - 2.5) * t * t + 1;
            }
            return t < 2 ? (((t - 5) * t + 8) * t - 4) * -0.5 : 0;
        }
    };

    private final int code;
    private final int support;

    Resampling(int code, int support) {
        this.code = code;
        this.support = support;
    }

    /** Returns the weight of a sample at a distance, in samples of the coarser of the two grids. */
    abstract double weight(double x);

    /** Returns the distance beyond which weights are 0. */
    int support() {
        return support;
    }

    /** Returns Pillow's number. */
    int code() {
        return code;
    }

    private static double sinc(double x) {
        return x == 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
    }
}
