// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.video;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import java.util.Arrays;
import java.util.Map;

/**
 * VBench's one number of sixteen. Each is brought to 0 to 1 by the range that VBench found empirically; dynamic degree weighs half.
 *
 * @param total (4 quality + semantic) / 5
 */
public record VbenchTotal(double quality, double semantic, double total) {

    /** The dimensions with the ranges of VBench's scripts/constant.py. */
    public enum Dimension {
        SUBJECT_CONSISTENCY(true, 1, 0.1462, 1),
        BACKGROUND_CONSISTENCY(true, 1, 0.2615, 1),
        TEMPORAL_FLICKERING(true, 1, 0.6293, 1),
        MOTION_SMOOTHNESS(true, 1, 0.706, 0.9975),
        DYNAMIC_DEGREE(true, 0.5, 0, 1),
        AESTHETIC_QUALITY(true, 1, 0, 1),
        IMAGING_QUALITY(true, 1, 0, 1),
        OBJECT_CLASS(false, 1, 0, 1),
        MULTIPLE_OBJECTS(false, 1, 0, 1),
        HUMAN_ACTION(false, 1, 0, 1),
        COLOR(false, 1, 0, 1),
        SPATIAL_RELATIONSHIP(false, 1, 0, 1),
        SCENE(false, 1, 0, 0.8222),
        APPEARANCE_STYLE(false, 1, 0.0009, 0.2855),
        TEMPORAL_STYLE(false, 1, 0, 0.364),
        OVERALL_CONSISTENCY(false, 1, 0, 0.364);

        private final boolean quality;
        private final double weight;
        private final double min;
        private final double max;

        Dimension(boolean quality, double weight, double min, double max) {
            this.quality = quality;
            this.weight = weight;
            this.min = min;
            this.max = max;
        }

        private double weighted(double raw) {
            return weight * (raw - min) / (max - min);
        }
    }

    /**
     * Returns the total.
     *
     * @param raw each dimension's value as its own rule gives it
     * @throws EvaluationException if one is missing or not finite
     */
    public static VbenchTotal of(Map<Dimension, Double> raw) {
        for (Dimension dimension : Dimension.values()) {
            Double value = raw.get(dimension);
            if (value == null || !Double.isFinite(value)) {
                throw new EvaluationException(
                        Reason.NOT_FINITE, dimension + " is " + value + ": all sixteen are needed");
            }
        }
        double quality = mean(raw, true);
        double semantic = mean(raw, false);
        return new VbenchTotal(quality, semantic, (4 * quality + semantic) / 5);
    }

    private static double mean(Map<Dimension, Double> raw, boolean quality) {
        double sum = 0;
        double weights = 0;
        for (Dimension dimension : Arrays.stream(Dimension.values())
                .filter(it -> it.quality == quality)
                .toList()) {
            sum += dimension.weighted(raw.getOrDefault(dimension, 0.0));
            weights += dimension.weight;
        }
        return sum / weights;
    }
}
