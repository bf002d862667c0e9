// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import java.util.List;

/**
 * How well a text fits a picture, from CLIP's vectors of both.
 *
 * @param variant whose convention the value follows; values of different variants do not compare
 */
public record ClipScore(Variant variant, double value) {

    /** Conventions of the field. */
    public enum Variant {
        /** 2.5 max(cos, 0), the text after "A photo depicts " (Hessel et al. 2021, arXiv:2104.08718). */
        HESSEL_2021(2.5, "A photo depicts "),
        /** 100 max(cos, 0), the text as it is: what torchmetrics reports. */
        TORCHMETRICS(100, "");

        private final double weight;
        private final String prefix;

        Variant(double weight, String prefix) {
            this.weight = weight;
            this.prefix = prefix;
        }

        /** Returns what the text tower gets. */
        public String text(String caption) {
            return prefix + caption;
        }
    }

    /**
     * Returns the score of a picture and a text.
     *
     * @throws EvaluationException if the vectors differ in length, or one has no direction
     */
    public static ClipScore of(Variant variant, double[] image, double[] text) {
        return new ClipScore(variant, variant.weight * Math.max(cosine(image, text), 0));
    }

    /**
     * Returns RefCLIPScore of the same paper: the harmonic mean of this score and of the caption's cosine with the nearest reference, no less
     * than 0. Where both are 0 it is 0; the paper's code divides 0 by 0 there.
     *
     * @throws EvaluationException if there is no reference
     */
    public double withReferences(double[] caption, List<double[]> references) {
        if (references.isEmpty()) {
            throw new EvaluationException(Reason.EMPTY_REFERENCES, "RefCLIPScore needs at least one reference");
        }
        double nearest =
                references.stream().mapToDouble(it -> cosine(caption, it)).max().orElseThrow();
        double floored = Math.max(nearest, 0);
        return value + floored == 0 ? 0 : 2 * value * floored / (value + floored);
    }

    /** Returns the cosine of the angle between two vectors of any length, -1 to 1. */
    public static double cosine(double[] x, double[] y) {
        Features.requireWidth(x.length, y.length);
        Features.requireFinite(x, 0);
        Features.requireFinite(y, 1);
        double product = 0;
        double squaresX = 0;
        double squaresY = 0;
        for (int i = 0; i < x.length; i++) {
            product += x[i] * y[i];
            squaresX += x[i] * x[i];
            squaresY += y[i] * y[i];
        }
        if (squaresX == 0 || squaresY == 0) {
            throw new EvaluationException(Reason.NO_DIRECTION, "a vector of zeros has no direction");
        }
        return Math.clamp(product / Math.sqrt(squaresX) / Math.sqrt(squaresY), -1, 1);
    }
}
