// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * A fair sample of the features that come, for metrics whose definition needs the features themselves: KID, CMMD, IS, precision and recall,
 * density and coverage. Up to its capacity it keeps all of them, in their order.
 *
 * <p>Every feature draws a number, and those of the lowest numbers stay; so the samples of two shards merge into a fair sample of both. Not
 * thread-safe.
 */
public final class FeatureReservoir {
    /** Which is the custom for KID and for density and coverage; 160 MB for features of 2,048 numbers. */
    public static final int DEFAULT_CAPACITY = 10_000;

    private static final class Kept {
        private final long ticket;
        private final long number;
        private final double[] feature;

        Kept(long ticket, long number, double[] feature) {
            this.ticket = ticket;
            this.number = number;
            this.feature = feature;
        }
    }

    private final int capacity;
    private final SplittableRandom tickets;
    private final PriorityQueue<Kept> kept =
            new PriorityQueue<>(Comparator.<Kept>comparingLong(it -> it.ticket).reversed());
    private long seen;
    private int width;

    /**
     * Starts empty.
     *
     * @param seed another one for each shard
     */
    public FeatureReservoir(int capacity, long seed) {
        if (capacity < 2) {
            throw new EvaluationException(
                    Reason.INVALID_SETTING, "a sample holds at least 2 features, not " + capacity);
        }
        this.capacity = capacity;
        this.tickets = new SplittableRandom(seed);
    }

    /**
     * Offers one feature; the caller keeps the array.
     *
     * @throws EvaluationException if its length is another than the first one's, or a value is not finite
     */
    public void add(double... feature) {
        width = width == 0 ? feature.length : width;
        Features.requireWidth(width, feature.length);
        Features.requireFinite(feature, seen);
        keep(new Kept(tickets.nextLong(), seen, feature.clone()));
        seen++;
    }

    private void keep(Kept offered) {
        kept.add(offered);
        if (kept.size() > capacity) {
            kept.remove();
        }
    }

    /** Takes in the sample of another shard, whose features count as later ones. */
    public void merge(FeatureReservoir other) {
        if (width != 0 && other.width != 0) {
            Features.requireWidth(width, other.width);
        }
        width = Math.max(width, other.width);
        other.kept.forEach(it -> keep(new Kept(it.ticket, seen + it.number, it.feature)));
        seen += other.seen;
    }

    /** Returns how many features came. */
    public long seen() {
        return seen;
    }

    /** Returns how many features are kept. */
    public int size() {
        return kept.size();
    }

    /**
     * Returns the sample, in the order in which it came.
     *
     * @throws EvaluationException if nothing came
     */
    public Features features() {
        List<double[]> rows = new ArrayList<>();
        kept.stream()
                .sorted(Comparator.comparingLong(it -> it.number))
                .map(it -> it.feature)
                .forEach(rows::add);
        return Features.of(rows);
    }
}
