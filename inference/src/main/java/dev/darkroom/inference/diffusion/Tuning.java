// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import java.util.Map;
import java.util.TreeMap;

/**
 * How a network is called best on this machine: found by timing it, because it differs. A larger call uses the cores better for small
 * networks and not at all for large ones; two calls side by side may beat one.
 *
 * @param rowsPerCall most rows in a call
 * @param lanes calls at the same time
 * @param secondsPerRow then
 */
record Tuning(int rowsPerCall, int lanes, double secondsPerRow) {
    /** What a size may lose against the best one: of sizes about as good the smallest keeps others waiting least. */
    private static final double AS_GOOD = 1.03;

    /** What another lane must gain to be worth its memory. */
    private static final double WORTH_A_LANE = 1.1;

    /** Runs calls. */
    @FunctionalInterface
    interface Trial {
        /** Returns the seconds that calls of so many rows take, one on each lane, all at once. */
        double seconds(int lanes, int rows);
    }

    /**
     * Times calls of 1, 2, 4 ... rows and keeps the best, then tries its rows in two, four ... calls at once.
     *
     * @param trial of a network that ran before
     * @param budget seconds; a trial that would exceed it, by the time of the one before, is not made. When not even two rows can be tried, the pair
     *     of a guided picture shares its calls, and nothing else does
     */
    static Tuning of(Trial trial, int mostRows, int mostLanes, double budget) {
        Map<Integer, Double> secondsPerRow = new TreeMap<>();
        double spent = 0;
        double last = 0;
        for (int rows = 1; rows <= mostRows && spent + rows * last <= budget; rows *= 2) {
            double seconds = trial.seconds(1, rows);
            spent += seconds;
            last = seconds / rows;
            secondsPerRow.put(rows, last);
        }
        if (secondsPerRow.size() == 1 && mostRows > 1) {
            return new Tuning(2, 1, last);
        }
        return lanes(trial, mostLanes, budget - spent, smallestOfTheBest(secondsPerRow));
    }

    private static Tuning smallestOfTheBest(Map<Integer, Double> secondsPerRow) {
        double best = secondsPerRow.values().stream()
                .mapToDouble(Double::doubleValue)
                .min()
                .orElseThrow();
        return secondsPerRow.entrySet().stream()
                .filter(size -> size.getValue() <= AS_GOOD * best)
                .findFirst()
                .map(size -> new Tuning(size.getKey(), 1, size.getValue()))
                .orElseThrow();
    }

    private static Tuning lanes(Trial trial, int mostLanes, double budget, Tuning single) {
        Tuning best = single;
        double left = budget;
        for (int lanes = 2; lanes <= mostLanes; lanes *= 2) {
            int rows = Math.max(1, single.rowsPerCall / lanes);
            if (lanes * rows * best.secondsPerRow > left) {
                return best;
            }
            double seconds = trial.seconds(lanes, rows);
            left -= seconds;
            if (seconds / (lanes * rows) * WORTH_A_LANE > best.secondsPerRow) {
                return best;
            }
            best = new Tuning(rows, lanes, seconds / (lanes * rows));
        }
        return best;
    }
}
