// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import dev.darkroom.evaluation.Bootstrap;
import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import dev.darkroom.evaluation.Interval;
import dev.darkroom.evaluation.NumpyRandomState;
import dev.darkroom.evaluation.Summary;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * IS (Salimans et al. 2016, arXiv:1606.03498): exp of the mean of KL(p(y|x) || p(y)), over splits. torch-fidelity takes the logits of
 * Inception-v3 without the last layer's bias ({@code logits_unbiased}) and shuffles them; what comes in here is taken as it is.
 *
 * @param mean over the splits: the score, from 1 to the number of classes
 * @param standardDeviation between the splits, of the population
 */
public record InceptionScore(double mean, double standardDeviation, List<Double> splits) {

    public InceptionScore {
        splits = List.copyOf(splits);
    }

    /** Returns the order in which torch-fidelity takes {@code count} pictures, of seed 2020. */
    public static int[] shuffled(int count) {
        return new NumpyRandomState(2020).permutation(count);
    }

    /**
     * Returns the score.
     *
     * @param logits one number for each class
     * @param splits split s is rows {@code s * N / splits} to {@code (s + 1) * N / splits}, rounded down; 10 is the custom
     * @param order in which the rows are taken; null for their own
     * @throws EvaluationException if there are fewer than 2 pictures or fewer than splits
     */
    public static InceptionScore of(Features logits, int splits, int @Nullable [] order) {
        Features.requireCount(2, logits.count(), "an inception score");
        if (splits < 1 || splits > logits.count()) {
            throw new EvaluationException(
                    Reason.BLOCK_TOO_LARGE, splits + " splits of " + logits.count() + " pictures: some would be empty");
        }
        Features rows = order == null ? logits : logits.select(order);
        List<Double> values = new ArrayList<>();
        for (long split = 0; split < splits; split++) {
            int from = (int) (split * rows.count() / splits);
            int to = (int) ((split + 1) * rows.count() / splits);
            values.add(score(rows, from, to));
        }
        Summary summary =
                Summary.of(values.stream().mapToDouble(Double::doubleValue).toArray());
        return new InceptionScore(summary.mean(), summary.standardDeviation(), values);
    }

    /**
     * Returns an interval for the score of these pictures, by drawing them anew. Costs one score for each resample.
     *
     * @param logits as they were scored, in any order
     */
    public Interval interval(Features logits, Bootstrap bootstrap) {
        return bootstrap.around(
                logits.count(),
                mean,
                rows -> of(logits.select(rows), splits.size(), null).mean());
    }

    private static double score(Features rows, int from, int to) {
        double[][] logs = new double[to - from][];
        double[] marginal = new double[rows.width()];
        for (int i = from; i < to; i++) {
            logs[i - from] = logSoftmax(rows, i);
            for (int j = 0; j < marginal.length; j++) {
                marginal[j] += Math.exp(logs[i - from][j]) / (to - from);
            }
        }
        double divergence = 0;
        for (double[] row : logs) {
            divergence += divergence(row, marginal);
        }
        return Math.exp(divergence / logs.length);
    }

    /** A class of probability 0 adds nothing. */
    private static double divergence(double[] logs, double[] marginal) {
        double sum = 0;
        for (int j = 0; j < logs.length; j++) {
            double p = Math.exp(logs[j]);
            sum += p == 0 ? 0 : p * (logs[j] - Math.log(marginal[j]));
        }
        return sum;
    }

    private static double[] logSoftmax(Features rows, int row) {
        double[] logs = new double[rows.width()];
        System.arraycopy(rows.matrix().data, row * logs.length, logs, 0, logs.length);
        double largest = Double.NEGATIVE_INFINITY;
        for (double value : logs) {
            largest = Math.max(largest, value);
        }
        double sum = 0;
        for (double value : logs) {
            sum += Math.exp(value - largest);
        }
        double norm = largest + Math.log(sum);
        for (int j = 0; j < logs.length; j++) {
            logs[j] -= norm;
        }
        return logs;
    }
}
