// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;

/** How alike two features are, from their inner product. */
public sealed interface Kernel {
    /**
     * Returns the kernel's value.
     *
     * @param product of the two features
     * @param squares sum of the squares of both
     */
    double value(double product, double squares);

    /** (gamma x.y + coef0)^degree. */
    record Polynomial(int degree, double gamma, double coef0) implements Kernel {
        public Polynomial {
            if (degree < 1 || !(gamma > 0)) {
                throw new EvaluationException(
                        Reason.INVALID_SETTING,
                        "a polynomial kernel has a degree of at least 1 and gamma above 0, not " + degree + " and "
                                + gamma);
            }
        }

        /** Returns the kernel of KID, (x.y / D + 1)^3. */
        public static Polynomial ofKid(int width) {
            return new Polynomial(3, 1.0 / width, 1);
        }

        @Override
        public double value(double product, double squares) {
            double base = gamma * product + coef0;
            double value = base;
            for (int i = 1; i < degree; i++) {
                value *= base;
            }
            return value;
        }
    }

    /** exp(-|x - y|^2 / (2 sigma^2)). */
    record Rbf(double sigma) implements Kernel {
        public Rbf {
            if (!(sigma > 0)) {
                throw new EvaluationException(Reason.INVALID_SETTING, "sigma is above 0, not " + sigma);
            }
        }

        @Override
        public double value(double product, double squares) {
            return Math.exp(-Math.max(0, squares - 2 * product) / (2 * sigma * sigma));
        }
    }
}
