// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import org.ejml.data.DMatrixRMaj;

/** A mean and a covariance. Immutable and thread-safe. */
public final class Gaussian {
    private final long count;
    private final double[] mean;
    private final DMatrixRMaj covariance;

    Gaussian(long count, double[] mean, DMatrixRMaj covariance) {
        this.count = count;
        this.mean = mean;
        this.covariance = covariance;
    }

    /**
     * Copies statistics that were gathered elsewhere.
     *
     * @param count how many samples they are of
     * @param covariance symmetric, (D, D)
     * @throws EvaluationException if the lengths differ or a value is not finite
     */
    public static Gaussian of(long count, double[] mean, double[][] covariance) {
        Features.requireWidth(mean.length, covariance.length);
        Features.requireFinite(mean, 0);
        for (int i = 0; i < covariance.length; i++) {
            Features.requireWidth(mean.length, covariance[i].length);
            Features.requireFinite(covariance[i], i);
            for (int j = 0; j < i; j++) {
                if (covariance[i][j] != covariance[j][i]) {
                    throw new EvaluationException(
                            Reason.INVALID_SETTING, "the covariance is not symmetric at row " + i + ", column " + j);
                }
            }
        }
        return new Gaussian(count, mean.clone(), new DMatrixRMaj(covariance));
    }

    /** Returns how many samples it is of. */
    public long count() {
        return count;
    }

    public int width() {
        return mean.length;
    }

    /** Returns a copy. */
    public double[] mean() {
        return mean.clone();
    }

    /** Returns one element of the covariance. */
    public double covariance(int i, int j) {
        return covariance.get(i, j);
    }

    /** Returns the whole covariance; nobody writes to it. */
    DMatrixRMaj covariance() {
        return covariance;
    }
}
