// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.video;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import java.util.Arrays;
import java.util.List;

/**
 * VBench's dynamic degree: whether a clip moves, from the optical flow between its frames (RAFT there), thinned to about 8 per second.
 *
 * @param flowThreshold pixels; a pair of frames moves when its strongest 5 % of flow exceed it in the mean
 * @param movingPairsNeeded pairs that must move
 */
public record DynamicDegree(double flowThreshold, int movingPairsNeeded) {

    /**
     * Returns the thresholds for a clip.
     *
     * @param shortSide of its frames, in pixels
     * @param frames that are used
     */
    public static DynamicDegree thresholds(int shortSide, int frames) {
        if (shortSide < 1 || frames < 2) {
            throw new EvaluationException(
                    Reason.INVALID_SETTING,
                    "a clip has at least 2 frames of at least 1 pixel, not " + frames + " of " + shortSide);
        }
        return new DynamicDegree(6.0 * shortSide / 256, (int) Math.rint(4.0 * frames / 16)); // half to even, as Python
    }

    /** Tells whether a clip moves, given the magnitude of the flow at every pixel for each pair of neighbouring frames. */
    public boolean isDynamic(List<double[]> flows) {
        return flows.stream().filter(flow -> strongest(flow) > flowThreshold).count() >= movingPairsNeeded;
    }

    private static double strongest(double[] flow) {
        int count = (int) (flow.length * 0.05);
        if (count == 0) {
            throw new EvaluationException(
                    Reason.TOO_FEW_SAMPLES, "flow of at least 20 pixels is needed, there are " + flow.length);
        }
        double[] sorted = flow.clone();
        Arrays.sort(sorted);
        return Arrays.stream(sorted, sorted.length - count, sorted.length)
                .average()
                .orElseThrow();
    }
}
