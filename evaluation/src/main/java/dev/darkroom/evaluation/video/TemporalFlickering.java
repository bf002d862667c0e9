// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.video;

import dev.darkroom.inference.image.RgbImage;
import java.util.List;
import java.util.stream.IntStream;

/**
 * VBench's temporal flickering: (255 - mean absolute difference of neighbouring frames) / 255. Meant for scenes that stand still.
 *
 * @param pairs the mean absolute difference of each pair, in levels of 0 to 255
 * @param score 1 where nothing flickers
 */
public record TemporalFlickering(List<Double> pairs, double score) {
    public TemporalFlickering {
        pairs = List.copyOf(pairs);
    }

    /**
     * Compares each frame with the next one.
     *
     * @throws dev.darkroom.evaluation.EvaluationException if there are fewer than 2 frames, or they differ in size
     */
    public static TemporalFlickering of(List<RgbImage> frames) {
        Frames.require(frames, 2, "flickering");
        List<Double> pairs = IntStream.range(1, frames.size())
                .mapToObj(t -> Frames.meanDifference(frames.get(t - 1), frames.get(t)))
                .toList();
        return new TemporalFlickering(pairs, Frames.score(pairs));
    }
}
