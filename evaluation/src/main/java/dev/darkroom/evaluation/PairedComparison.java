// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation;

import dev.darkroom.evaluation.EvaluationException.Reason;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One metric of two systems over the same items.
 *
 * @param items that both have
 * @param difference second minus first
 * @param interval of the difference, by resampling items
 * @param mcNemar the exact test, where the metric says right or wrong; null elsewhere
 */
public record PairedComparison(
        String metric,
        int items,
        double first,
        double second,
        double difference,
        Interval interval,
        @Nullable McNemar mcNemar) {

    /** Tells whether the difference is significant at 1 minus the interval's level. */
    public boolean isSignificant() {
        return mcNemar == null ? interval.excludesZero() : mcNemar.pValue() < 1 - interval.level();
    }

    /**
     * Compares two systems item by item.
     *
     * @param first values of the one, in the order of the items
     * @param second values of the other, in the same order
     * @throws EvaluationException if there are fewer than 2 items, or not as many of both
     */
    public static PairedComparison of(String metric, List<Double> first, List<Double> second, Bootstrap bootstrap) {
        if (first.size() != second.size()) {
            throw new EvaluationException(
                    Reason.DIMENSION_MISMATCH,
                    "%s has %d values and %d: the same items are needed"
                            .formatted(metric, first.size(), second.size()));
        }
        List<Double> differences = new ArrayList<>();
        for (int i = 0; i < first.size(); i++) {
            differences.add(second.get(i) - first.get(i));
        }
        Interval interval = bootstrap.mean(differences);
        return new PairedComparison(
                metric,
                first.size(),
                Summary.mean(first),
                Summary.mean(second),
                Summary.mean(differences),
                interval,
                mcNemar(first, second));
    }

    private static @Nullable McNemar mcNemar(List<Double> first, List<Double> second) {
        boolean judged = first.stream().allMatch(PairedComparison::isJudgement)
                && second.stream().allMatch(PairedComparison::isJudgement);
        return judged ? McNemar.of(judgements(first), judgements(second)) : null;
    }

    private static boolean isJudgement(double value) {
        return value == 0 || value == 1;
    }

    private static boolean[] judgements(List<Double> values) {
        boolean[] judgements = new boolean[values.size()];
        for (int i = 0; i < judgements.length; i++) {
            judgements[i] = values.get(i) == 1;
        }
        return judgements;
    }
}
