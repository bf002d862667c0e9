// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.video;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import dev.darkroom.inference.image.RgbImage;
import java.util.List;

/** Frames of one clip. */
final class Frames {
    private Frames() {}

    static void require(List<RgbImage> frames, int atLeast, String what) {
        if (frames.size() < atLeast) {
            throw new EvaluationException(
                    Reason.TOO_FEW_SAMPLES,
                    what + " needs at least " + atLeast + " frames, there are " + frames.size());
        }
        frames.forEach(frame -> requireSameSize(frames.getFirst(), frame));
    }

    static void requireSameSize(RgbImage x, RgbImage y) {
        if (x.width() != y.width() || x.height() != y.height()) {
            throw new EvaluationException(
                    Reason.DIMENSION_MISMATCH,
                    "frames of %d x %d and %d x %d pixels in one clip"
                            .formatted(x.width(), x.height(), y.width(), y.height()));
        }
    }

    /** Returns the mean absolute difference of two frames, in levels of 0 to 255. */
    static double meanDifference(RgbImage x, RgbImage y) {
        requireSameSize(x, y);
        long sum = 0;
        for (int i = 0; i < x.rgb().length; i++) {
            sum += Math.abs((x.rgb()[i] & 0xff) - (y.rgb()[i] & 0xff));
        }
        return (double) sum / x.rgb().length;
    }

    static double score(List<Double> differences) {
        double mean =
                differences.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
        return (255 - mean) / 255;
    }
}
