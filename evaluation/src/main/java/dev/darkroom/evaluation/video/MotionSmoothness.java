// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.video;

import dev.darkroom.inference.image.RgbImage;
import java.util.List;
import java.util.stream.IntStream;

/**
 * VBench's motion smoothness: every other frame is left out and put back by interpolation; (255 - mean absolute difference) / 255.
 *
 * @param pairs the mean absolute difference of each frame from its interpolation, in levels of 0 to 255
 * @param score 1 where every frame lies where it was expected; compares only under one interpolator
 */
public record MotionSmoothness(List<Double> pairs, double score) {
    public MotionSmoothness {
        pairs = List.copyOf(pairs);
    }

    /** Makes the frame between two others. VBench uses AMT-S, whose weights may not be used commercially; bring your own. */
    @FunctionalInterface
    public interface Interpolator {
        /** Returns a frame of the same size. */
        RgbImage between(RgbImage before, RgbImage after);
    }

    /**
     * Interpolates the frames of odd number that have a neighbour on both sides.
     *
     * @throws dev.darkroom.evaluation.EvaluationException if there are fewer than 3 frames, or sizes differ
     */
    public static MotionSmoothness of(List<RgbImage> frames, Interpolator interpolator) {
        Frames.require(frames, 3, "smoothness of motion");
        List<Double> pairs = IntStream.iterate(1, t -> t + 1 < frames.size(), t -> t + 2)
                .mapToObj(t -> Frames.meanDifference(
                        frames.get(t), interpolator.between(frames.get(t - 1), frames.get(t + 1))))
                .toList();
        return new MotionSmoothness(pairs, Frames.score(pairs));
    }
}
