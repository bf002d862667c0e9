// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.image.RgbImage;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/** Measures whether a picture shows where it was put together. */
final class Seams {
    private Seams() {}

    /**
     * Returns the mean difference between neighbours across the borders of tiles over that of the interior; the larger one of rows and
     * columns. A decoder leaves a pattern of its own in each latent's pixels, and tiles begin with a latent: so the interior is what
     * begins a latent too.
     *
     * @param tiling in latents
     * @param factor pixels for each latent
     */
    static double ratio(RgbImage image, Tiling tiling, int factor) {
        double columns = ratio(tiling.columns(), x -> columnDifference(image, x * factor));
        double rows = ratio(tiling.rows(), y -> rowDifference(image, y * factor));
        return Math.max(columns, rows);
    }

    /** Whether a tile starts or ends between a place and the one before it. */
    private static boolean isBorder(TileAxis axis, int place) {
        return IntStream.range(0, axis.count())
                .anyMatch(i -> axis.start(i) == place || axis.start(i) + axis.tile() == place);
    }

    private interface Difference {
        double before(int place);
    }

    private static double ratio(TileAxis axis, Difference difference) {
        double across = mean(axis.length(), place -> isBorder(axis, place), difference);
        double interior = mean(axis.length(), place -> !isBorder(axis, place), difference);
        return across / interior;
    }

    private static double mean(int length, IntPredicate places, Difference difference) {
        return IntStream.range(1, length)
                .filter(places)
                .mapToDouble(difference::before)
                .average()
                .orElse(0);
    }

    private static double columnDifference(RgbImage image, int x) {
        return IntStream.range(0, image.height() * 3)
                .map(i -> (i / 3 * image.width() + x) * 3 + i % 3)
                .map(i -> Math.abs((image.rgb()[i] & 0xff) - (image.rgb()[i - 3] & 0xff)))
                .average()
                .orElseThrow();
    }

    private static double rowDifference(RgbImage image, int y) {
        int line = image.width() * 3;
        return IntStream.range(y * line, (y + 1) * line)
                .map(i -> Math.abs((image.rgb()[i] & 0xff) - (image.rgb()[i - line] & 0xff)))
                .average()
                .orElseThrow();
    }
}
