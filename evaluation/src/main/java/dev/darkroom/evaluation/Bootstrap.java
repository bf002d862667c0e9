// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation;

import dev.darkroom.evaluation.EvaluationException.Reason;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/**
 * Intervals by resampling with replacement (Efron and Tibshirani 1993). The same seed gives the same interval.
 *
 * @param resamples how often samples are drawn anew, at least 20
 * @param level between 0 and 1, for instance 0.95
 */
public record Bootstrap(int resamples, double level, long seed) {
    public Bootstrap {
        if (resamples < 20 || !(level > 0 && level < 1)) {
            throw new EvaluationException(
                    Reason.INVALID_SETTING,
                    "a bootstrap takes at least 20 resamples and a level between 0 and 1, not " + resamples + " and "
                            + level);
        }
    }

    /**
     * Returns the percentile interval of a statistic of {@code n} samples.
     *
     * @param statistic the value over samples of these numbers, each from 0 to {@code n - 1}, some of them more than once
     */
    public Interval percentile(int n, ToDoubleFunction<int[]> statistic) {
        double[] drawn = drawn(n, statistic);
        return new Interval(quantile(drawn, (1 - level) / 2), quantile(drawn, (1 + level) / 2), level);
    }

    /** As {@link #percentile}, for a mean of {@code values}. */
    public Interval mean(List<Double> values) {
        return percentile(values.size(), rows -> mean(values, rows));
    }

    /**
     * Returns an interval around a statistic of two sets: how far it would move with other samples of the same number. Repeated samples
     * enlarge a distance; that shift is taken out, and the spread is reflected (the basic interval, around the resamples' own mean). What a
     * distance has of bias from few samples stays in the value, as in the literature.
     *
     * @param value the statistic of the samples themselves
     */
    public Interval around(int n, int m, double value, TwoSamples statistic) {
        requireSamples(n);
        requireSamples(m);
        SplittableRandom random = new SplittableRandom(seed);
        double[] drawn = new double[resamples];
        for (int i = 0; i < resamples; i++) {
            drawn[i] = statistic.of(draw(random, n), draw(random, m));
        }
        Arrays.sort(drawn);
        double centre = value + Summary.mean(drawn);
        return new Interval(
                centre - quantile(drawn, (1 + level) / 2), centre - quantile(drawn, (1 - level) / 2), level);
    }

    /** As the other one, of one set: for a statistic that repeated samples shift. */
    public Interval around(int n, double value, ToDoubleFunction<int[]> statistic) {
        double[] drawn = drawn(n, statistic);
        double centre = value + Summary.mean(drawn);
        return new Interval(
                centre - quantile(drawn, (1 + level) / 2), centre - quantile(drawn, (1 - level) / 2), level);
    }

    /** A statistic of two sets of samples, each named by its numbers. */
    @FunctionalInterface
    public interface TwoSamples {
        double of(int[] x, int[] y);
    }

    private double[] drawn(int n, ToDoubleFunction<int[]> statistic) {
        requireSamples(n);
        SplittableRandom random = new SplittableRandom(seed);
        double[] drawn = new double[resamples];
        for (int i = 0; i < resamples; i++) {
            drawn[i] = statistic.applyAsDouble(draw(random, n));
        }
        Arrays.sort(drawn);
        return drawn;
    }

    private static void requireSamples(int n) {
        if (n < 2) {
            throw new EvaluationException(
                    Reason.TOO_FEW_SAMPLES, "an interval needs at least 2 samples, there are " + n);
        }
    }

    private static int[] draw(SplittableRandom random, int n) {
        int[] rows = new int[n];
        Arrays.setAll(rows, _ -> random.nextInt(n));
        return rows;
    }

    private static double mean(List<Double> values, int[] rows) {
        double sum = 0;
        for (int row : rows) {
            sum += values.get(row);
        }
        return sum / rows.length;
    }

    /** Linear between neighbours, numpy's default. */
    private static double quantile(double[] sorted, double q) {
        double at = q * (sorted.length - 1);
        int below = (int) Math.floor(at);
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }
}
