// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.video;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import dev.darkroom.evaluation.feature.ClipScore;
import java.util.List;
import java.util.stream.IntStream;

/**
 * VBench's subject consistency (over features of DINO ViT-B/16) and background consistency (over CLIP ViT-B/32): how alike each frame is to
 * the one before it and to the first. The mean is over the frames of all clips, not over clips. Keeps two numbers; not thread-safe.
 */
public final class FrameConsistency {
    private double sum;
    private long frames;

    /**
     * Takes one clip in.
     *
     * @param features of its frames, in order
     * @return the value of each frame but the first, 0 to 1
     * @throws EvaluationException if there are fewer than 2 frames, or features differ in length; nothing is taken in then
     */
    public List<Double> add(List<double[]> features) {
        if (features.size() < 2) {
            throw new EvaluationException(
                    Reason.TOO_FEW_SAMPLES, "consistency needs at least 2 frames, there are " + features.size());
        }
        List<Double> values = IntStream.range(1, features.size())
                .mapToObj(t -> (likeness(features.get(t - 1), features.get(t))
                                + likeness(features.getFirst(), features.get(t)))
                        / 2)
                .toList();
        values.forEach(value -> sum += value);
        frames += values.size();
        return values;
    }

    private static double likeness(double[] x, double[] y) {
        return Math.max(ClipScore.cosine(x, y), 0);
    }

    /**
     * Returns the mean over all frames.
     *
     * @throws EvaluationException if no clip came
     */
    public double score() {
        if (frames == 0) {
            throw new EvaluationException(Reason.TOO_FEW_SAMPLES, "consistency needs at least one clip");
        }
        return sum / frames;
    }
}
