// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import java.util.Arrays;

/** A set of features, each with a ball that reaches its k-th nearest neighbour in the set. Immutable. */
final class Manifold {
    private final Features features;
    private final double[] squares;
    private final double[] radii; // squared

    private Manifold(Features features, double[] squares, double[] radii) {
        this.features = features;
        this.squares = squares;
        this.radii = radii;
    }

    static Manifold of(Features features, int k) {
        if (k < 1 || features.count() <= k) {
            throw new EvaluationException(
                    Reason.BLOCK_TOO_LARGE,
                    "balls to the k-th neighbour with k = %d need k of at least 1 and more than k pictures in each set, there are %d"
                            .formatted(k, features.count()));
        }
        double[] squares = features.squares();
        double[] radii = new double[features.count()];
        Products.forEachRow(features, features, (row, products) -> {
            double[] distances = distances(squares[row], squares, products);
            distances[row] = Double.POSITIVE_INFINITY; // no neighbour of itself
            Arrays.sort(distances);
            radii[row] = distances[k - 1];
        });
        return new Manifold(features, squares, radii);
    }

    private static double[] distances(double square, double[] others, double[] products) {
        double[] distances = new double[products.length];
        for (int j = 0; j < distances.length; j++) {
            distances[j] = Math.max(0, square + others[j] - 2 * products[j]);
        }
        return distances;
    }

    int count() {
        return features.count();
    }

    /** Returns for each of other features in how many balls it lies; on the edge of one counts if {@code edge}. */
    double[] ballsAround(Features others, boolean edge) {
        double[] otherSquares = others.squares();
        double[] counts = new double[others.count()];
        Products.forEachRow(others, features, (row, products) -> {
            double[] distances = distances(otherSquares[row], squares, products);
            for (int j = 0; j < distances.length; j++) {
                counts[row] += distances[j] < radii[j] || (edge && distances[j] == radii[j]) ? 1 : 0;
            }
        });
        return counts;
    }

    /** Returns for each ball 1 if one of other features lies inside, else 0. */
    double[] ballsWith(Features others) {
        double[] otherSquares = others.squares();
        double[] covered = new double[count()];
        Products.forEachRow(features, others, (row, products) -> {
            double nearest = Arrays.stream(distances(squares[row], otherSquares, products))
                    .min()
                    .orElseThrow();
            covered[row] = nearest < radii[row] ? 1 : 0;
        });
        return covered;
    }
}
