// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import dev.darkroom.evaluation.feature.MaximumMeanDiscrepancy.Estimator;
import java.util.List;

/**
 * CMMD (Jayasumana et al. 2024, arXiv:2401.09603): 1000 times the biased squared maximum mean discrepancy of CLIP's unit vectors, under a
 * Gaussian kernel of sigma 10.
 */
public final class ClipMaximumMeanDiscrepancy {
    private static final Kernel KERNEL = new Kernel.Rbf(10);
    private static final double SCALE = 1000;

    private ClipMaximumMeanDiscrepancy() {}

    /**
     * Returns the distance, in thousandths. Features are scaled to length 1 first.
     *
     * @throws dev.darkroom.evaluation.EvaluationException if a set has fewer than 2 features, or one is all zeros
     */
    public static MaximumMeanDiscrepancy between(Features x, Features y) {
        Features.requireWidth(x.width(), y.width());
        MaximumMeanDiscrepancy plain =
                MaximumMeanDiscrepancy.between(x.directions(), y.directions(), KERNEL, Estimator.BIASED);
        return new MaximumMeanDiscrepancy(
                SCALE * plain.value(), scaled(plain.influences1()), scaled(plain.influences2()));
    }

    private static List<Double> scaled(List<Double> values) {
        return values.stream().map(value -> SCALE * value).toList();
    }
}
