// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation;

import java.util.List;
import java.util.stream.DoubleStream;

/**
 * Several values as two.
 *
 * @param standardDeviation of the population: divided by the number of values, as numpy does
 */
public record Summary(double mean, double standardDeviation) {

    public static Summary of(double... values) {
        double mean = mean(values);
        double squares = 0;
        for (double value : values) {
            squares += (value - mean) * (value - mean);
        }
        return new Summary(mean, Math.sqrt(squares / values.length));
    }

    /** As {@link #mean(double...)}. */
    public static double mean(List<Double> values) {
        return mean(values.stream().mapToDouble(Double::doubleValue).toArray());
    }

    /** Returns the mean alone, summed with compensation. */
    public static double mean(double... values) {
        return DoubleStream.of(values).sum() / values.length;
    }
}
