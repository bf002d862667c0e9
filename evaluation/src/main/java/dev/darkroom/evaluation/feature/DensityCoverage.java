// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import dev.darkroom.evaluation.Summary;
import java.util.Arrays;
import java.util.List;

/**
 * Density and coverage (Naeem et al. 2020, arXiv:2002.09797): in how many real pictures' balls a generated one lies, over k, and which
 * share of the real balls holds a generated picture.
 *
 * @param densities for each generated picture; their mean is about 1 where the sets are alike, and may exceed it
 * @param covered for each real picture 1 or 0
 * @param k which neighbour a ball reaches; the paper takes 5
 */
public record DensityCoverage(List<Double> densities, List<Double> covered, int k) {

    public DensityCoverage {
        densities = List.copyOf(densities);
        covered = List.copyOf(covered);
    }

    /**
     * Compares two sets.
     *
     * @throws dev.darkroom.evaluation.EvaluationException unless the real ones are more than {@code k}
     */
    public static DensityCoverage of(Features real, Features fake, int k) {
        Features.requireWidth(real.width(), fake.width());
        Manifold manifold = Manifold.of(real, k);
        double[] balls = manifold.ballsAround(fake, false);
        return new DensityCoverage(
                Arrays.stream(balls).mapToObj(count -> count / k).toList(),
                Arrays.stream(manifold.ballsWith(fake)).boxed().toList(),
                k);
    }

    public double density() {
        return Summary.mean(densities);
    }

    public double coverage() {
        return Summary.mean(covered);
    }
}
