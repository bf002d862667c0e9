// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import dev.darkroom.evaluation.Summary;
import java.util.Arrays;
import java.util.List;

/**
 * Improved precision and recall (Kynkaanniemi et al. 2019, arXiv:1904.06991): which share of the generated pictures lies within the real
 * ones' manifold, and the other way round.
 *
 * @param precisionHits for each generated picture 1 or 0
 * @param recallHits for each real picture 1 or 0
 * @param k which neighbour a ball reaches; the paper takes 3
 */
public record PrecisionRecall(List<Double> precisionHits, List<Double> recallHits, int k) {

    public PrecisionRecall {
        precisionHits = List.copyOf(precisionHits);
        recallHits = List.copyOf(recallHits);
    }

    /**
     * Compares two sets.
     *
     * @throws dev.darkroom.evaluation.EvaluationException unless both have more than {@code k} features
     */
    public static PrecisionRecall of(Features real, Features fake, int k) {
        Features.requireWidth(real.width(), fake.width());
        return new PrecisionRecall(
                hits(Manifold.of(real, k).ballsAround(fake, true)),
                hits(Manifold.of(fake, k).ballsAround(real, true)),
                k);
    }

    private static List<Double> hits(double[] balls) {
        return Arrays.stream(balls).mapToObj(count -> count > 0 ? 1.0 : 0.0).toList();
    }

    public double precision() {
        return Summary.mean(precisionHits);
    }

    public double recall() {
        return Summary.mean(recallHits);
    }
}
