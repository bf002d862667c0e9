// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/**
 * How the noise levels of a straight path lean towards noise: Esser et al. 2024 (arXiv:2403.03206), eq. 23.
 *
 * @param dynamic whether the lean follows the picture's size
 * @param shift the lean where it does not
 * @param mu the lean where it does; NaN until the size is known
 * @param terminal level that the last step is stretched to start at; 0 leaves it
 */
record FlowShift(boolean dynamic, Shape shape, double shift, double mu, double terminal) {
    /** What {@code mu} means. */
    enum Shape {
        EXPONENTIAL,
        LINEAR
    }

    static FlowShift of(SchedulerConfig config, String key) {
        return new FlowShift(
                config.flag("use_dynamic_shifting", false),
                config.choice("time_shift_type", Shape.EXPONENTIAL),
                config.real(key, 1),
                Double.NaN,
                config.real("shift_terminal", 0));
    }

    FlowShift by(double size) {
        return new FlowShift(dynamic, shape, shift, size, terminal);
    }

    /** Refuses to work before the picture's size is known, where that matters. */
    void requireSize() {
        if (dynamic && Double.isNaN(mu)) {
            throw new IllegalArgumentException("scheduler option use_dynamic_shifting needs mu, of the picture's size");
        }
    }

    /** Returns the shifted levels. */
    double[] apply(double[] sigmas) {
        requireSize();
        DoubleUnaryOperator lean = dynamic
                ? leaning(shape == Shape.EXPONENTIAL ? Math.exp(mu) : mu)
                : sigma -> shift * sigma / (1 + (shift - 1) * sigma);
        double[] shifted = Arrays.stream(sigmas).map(lean).toArray();
        if (terminal == 0) {
            return shifted;
        }
        double stretch = (1 - shifted[shifted.length - 1]) / (1 - terminal);
        return Arrays.stream(shifted).map(sigma -> 1 - (1 - sigma) / stretch).toArray();
    }

    private static DoubleUnaryOperator leaning(double factor) {
        return sigma -> factor / (factor + (1 / sigma - 1));
    }
}
