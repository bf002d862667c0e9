// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import dev.darkroom.evaluation.Bootstrap;
import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import dev.darkroom.evaluation.Interval;
import dev.darkroom.evaluation.Summary;
import java.util.Arrays;
import java.util.List;

/**
 * The squared maximum mean discrepancy (Gretton et al. 2012). Estimates that have no bias may be negative and are not clamped.
 *
 * @param value the estimate
 * @param influences1 how much each feature of the first set pulls at it, up to a constant
 * @param influences2 the same for the second set
 */
public record MaximumMeanDiscrepancy(double value, List<Double> influences1, List<Double> influences2) {

    public MaximumMeanDiscrepancy {
        influences1 = List.copyOf(influences1);
        influences2 = List.copyOf(influences2);
    }

    /** How the sums of kernel values become one number. */
    public enum Estimator {
        /** Without the pairs of a feature with itself; sets may differ in size. */
        UNBIASED,
        /** With them. */
        BIASED,
        /** Also without the pairs of equal number in the two sets, which must be of one size. */
        U_STATISTIC
    }

    /** Sums of kernel values for each feature of a set: over its own set, with itself, over the other set. */
    private static final class Sums {
        private final double[] own;
        private final double[] self;
        private final double[] other;

        Sums(double[] own, double[] self, double[] other) {
            this.own = own;
            this.self = self;
            this.other = other;
        }

        int count() {
            return own.length;
        }
    }

    /**
     * Returns the estimate.
     *
     * @throws EvaluationException if a set has fewer than 2 features, or the sizes do not fit
     */
    public static MaximumMeanDiscrepancy between(Features x, Features y, Kernel kernel, Estimator estimator) {
        Features.requireWidth(x.width(), y.width());
        Features.requireCount(2, Math.min(x.count(), y.count()), "a kernel distance");
        if (estimator == Estimator.U_STATISTIC && x.count() != y.count()) {
            throw new EvaluationException(
                    Reason.DIMENSION_MISMATCH,
                    "the u-statistic takes sets of one size, not " + x.count() + " and " + y.count());
        }
        double[] pairs = new double[x.count()];
        double[] acrossX = sums(x, y, kernel, pairs);
        Sums first = own(x, kernel, acrossX);
        Sums second = own(y, kernel, sums(y, x, kernel, new double[y.count()]));
        return new MaximumMeanDiscrepancy(
                value(first, second, sum(pairs), estimator),
                influences(first, y.count()),
                influences(second, x.count()));
    }

    private static Sums own(Features x, Kernel kernel, double[] across) {
        double[] self = new double[x.count()];
        return new Sums(sums(x, x, kernel, self), self, across);
    }

    /** Returns for each of {@code x} its sum over {@code y}, and writes its value with the one of the same number to {@code pairs}. */
    private static double[] sums(Features x, Features y, Kernel kernel, double[] pairs) {
        double[] squaresX = x.squares();
        double[] squaresY = y.squares();
        double[] sums = new double[x.count()];
        Products.forEachRow(x, y, (row, products) -> {
            double sum = 0;
            for (int j = 0; j < products.length; j++) {
                double value = kernel.value(products[j], squaresX[row] + squaresY[j]);
                sum += value;
                if (j == row) {
                    pairs[row] = value;
                }
            }
            sums[row] = sum;
        });
        return sums;
    }

    private static double value(Sums x, Sums y, double pairs, Estimator estimator) {
        double n = x.count();
        double m = y.count();
        double across = sum(x.other);
        return switch (estimator) {
            case UNBIASED -> without(x) / (n * (n - 1)) + without(y) / (m * (m - 1)) - 2 * across / (n * m);
            case BIASED -> sum(x.own) / (n * n) + sum(y.own) / (m * m) - 2 * across / (n * m);
            case U_STATISTIC -> (without(x) + without(y) - 2 * (across - pairs)) / (n * (n - 1));
        };
    }

    private static double without(Sums sums) {
        return sum(sums.own) - sum(sums.self);
    }

    private static List<Double> influences(Sums sums, int others) {
        double[] influences = new double[sums.count()];
        for (int i = 0; i < influences.length; i++) {
            influences[i] = (sums.own[i] - sums.self[i]) / (sums.count() - 1) - sums.other[i] / others;
        }
        return Arrays.stream(influences).boxed().toList();
    }

    /**
     * Returns an interval by resampling the features' influences, the first-order term of the estimate's error: exact enough away from 0,
     * wider than need be where the two distributions are the same.
     */
    public Interval interval(Bootstrap bootstrap) {
        double mean1 = Summary.mean(influences1);
        double mean2 = Summary.mean(influences2);
        return bootstrap.around(
                influences1.size(),
                influences2.size(),
                value,
                (x, y) -> value + 2 * (mean(influences1, x) - mean1) + 2 * (mean(influences2, y) - mean2));
    }

    private static double mean(List<Double> values, int[] rows) {
        double sum = 0;
        for (int row : rows) {
            sum += values.get(row);
        }
        return sum / rows.length;
    }

    private static double sum(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum;
    }
}
