// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.statistics.distribution.BetaDistribution;

/**
 * How the noise levels of a generation lie between the largest and the smallest.
 *
 * @param sigmaMin smallest level of any curve but {@link Curve#TRAINING}; NaN means what the timesteps give
 * @param sigmaMax largest level, likewise
 */
record SigmaSpacing(Curve curve, double sigmaMin, double sigmaMax) {
    /** The shapes. */
    enum Curve {
        /** Where the timesteps lie. */
        TRAINING,
        /** Karras et al. 2022 (arXiv:2206.00364), eq. 5 with rho = 7. */
        KARRAS,
        /** Evenly spaced logarithms. */
        EXPONENTIAL,
        /** Quantiles of the distribution Beta(0.6, 0.6): Lee et al. 2024 (arXiv:2407.12173). */
        BETA
    }

    private static final BetaDistribution BETA = BetaDistribution.of(0.6, 0.6);

    /** Reads which curve is on; that of the training timesteps if none is. */
    static SigmaSpacing of(SchedulerConfig config) {
        List<Curve> on = Stream.of(Curve.KARRAS, Curve.EXPONENTIAL, Curve.BETA)
                .filter(curve -> config.flag(option(curve), false))
                .toList();
        if (on.size() > 1) {
            throw new IllegalArgumentException("scheduler options "
                    + String.join(" and ", on.stream().map(SigmaSpacing::option).toList()) + " exclude each other");
        }
        return new SigmaSpacing(
                on.isEmpty() ? Curve.TRAINING : on.getFirst(),
                config.real("sigma_min", Double.NaN),
                config.real("sigma_max", Double.NaN));
    }

    private static String option(Curve curve) {
        return "use_" + SchedulerConfig.optionName(curve) + "_sigmas";
    }

    /** Returns this spacing without a range of its own for {@link Curve#KARRAS}: LMS and DPM++ SDE do not read one in diffusers. */
    SigmaSpacing withoutKarrasRange() {
        return curve == Curve.KARRAS ? new SigmaSpacing(curve, Double.NaN, Double.NaN) : this;
    }

    boolean followsTraining() {
        return curve == Curve.TRAINING;
    }

    /** Refuses steps of the caller's own choice, which leave nothing to space. */
    void refuseBeside(String custom) {
        if (!followsTraining()) {
            throw new IllegalArgumentException(
                    "scheduler option " + option(curve) + " and custom " + custom + " exclude each other");
        }
    }

    /** Returns {@code count} falling levels from {@code largest} to {@code smallest}, unless the configuration names its own. */
    double[] between(double largest, double smallest, int count) {
        double max = Double.isNaN(sigmaMax) ? largest : sigmaMax;
        double min = Double.isNaN(sigmaMin) ? smallest : sigmaMin;
        return switch (curve) {
            case TRAINING -> throw new IllegalStateException("no curve");
            case KARRAS -> ramp(Math.pow(max, 1 / 7.0), Math.pow(min, 1 / 7.0), count, root -> Math.pow(root, 7));
            case EXPONENTIAL -> ramp(Math.log(max), Math.log(min), count, Math::exp);
            case BETA -> ramp(1, 0, count, p -> min + BETA.inverseCumulativeProbability(p) * (max - min));
        };
    }

    /** As {@link #between} the ends of {@code base}. */
    double[] respaced(double[] base, int count) {
        return followsTraining() ? base : between(base[0], base[base.length - 1], count);
    }

    private static double[] ramp(double first, double last, int count, DoubleUnaryOperator inverse) {
        return IntStream.range(0, count)
                .mapToDouble(i -> first + (count == 1 ? 0 : i / (count - 1.0)) * (last - first))
                .map(inverse)
                .toArray();
    }
}
