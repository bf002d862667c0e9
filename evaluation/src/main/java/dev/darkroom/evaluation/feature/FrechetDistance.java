// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import dev.darkroom.evaluation.Bootstrap;
import dev.darkroom.evaluation.Bootstrap.TwoSamples;
import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import dev.darkroom.evaluation.Interval;
import java.util.ArrayList;
import java.util.List;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;

/**
 * |mu1 - mu2|^2 + tr(C1) + tr(C2) - 2 tr((C1 C2)^(1/2)): FID (Heusel et al. 2017, arXiv:1706.08500) with {@link Divisor#N_MINUS_1}, FVD
 * (Unterthiner et al. 2018, arXiv:1812.01717) with {@link Divisor#N}. Equal distributions have distance 0 up to rounding, which may come
 * out below 0 and is not clamped.
 *
 * @param value the distance
 * @param meanTerm the first of its terms
 * @param trace1 the second
 * @param trace2 the third
 * @param traceSqrt tr((C1 C2)^(1/2))
 * @param warnings what makes the value less than it seems, in words for people
 */
public record FrechetDistance(
        double value, double meanTerm, double trace1, double trace2, double traceSqrt, List<String> warnings) {

    public FrechetDistance {
        warnings = List.copyOf(warnings);
    }

    /**
     * Returns the distance between two distributions.
     *
     * @throws EvaluationException if their features differ in length
     */
    public static FrechetDistance between(Gaussian x, Gaussian y) {
        Features.requireWidth(x.width(), y.width());
        double meanTerm = 0;
        double[] mean1 = x.mean();
        double[] mean2 = y.mean();
        for (int j = 0; j < mean1.length; j++) {
            meanTerm += (mean1[j] - mean2[j]) * (mean1[j] - mean2[j]);
        }
        double trace1 = CommonOps_DDRM.trace(x.covariance());
        double trace2 = CommonOps_DDRM.trace(y.covariance());
        double traceSqrt = traceSqrt(x.covariance(), y.covariance());
        return new FrechetDistance(
                meanTerm + trace1 + trace2 - 2 * traceSqrt, meanTerm, trace1, trace2, traceSqrt, warnings(x, y));
    }

    /**
     * Returns an interval for the distance of two sets by drawing their pictures anew. Costs one distance for each resample.
     *
     * @param value the distance that the interval is put around, of these sets or of larger ones that these are samples of
     */
    public static Interval interval(Features x, Features y, Divisor divisor, double value, Bootstrap bootstrap) {
        TwoSamples distance = (rows1, rows2) -> between(
                        FeatureStatistics.of(x.select(rows1)).gaussian(divisor),
                        FeatureStatistics.of(y.select(rows2)).gaussian(divisor))
                .value();
        return bootstrap.around(x.count(), y.count(), value, distance);
    }

    private static List<String> warnings(Gaussian x, Gaussian y) {
        List<String> warnings = new ArrayList<>();
        long fewest = Math.min(x.count(), y.count());
        if (fewest <= x.width()) {
            warnings.add(
                    "%d samples for features of length %d: the covariance is not of full rank, and the distance is too large; take more than %d of each"
                            .formatted(fewest, x.width(), x.width()));
        }
        return warnings;
    }

    /**
     * C1 = F^T F gives C1 C2 the eigenvalues of F C2 F^T, which is symmetric: no complex numbers and no eigenvectors, and where C1 has a low
     * rank a small matrix.
     */
    private static double traceSqrt(DMatrixRMaj c1, DMatrixRMaj c2) {
        DMatrixRMaj factor = factor(c1);
        if (factor.numRows == 0) {
            return 0;
        }
        DMatrixRMaj half = new DMatrixRMaj(factor.numRows, factor.numCols);
        CommonOps_DDRM.mult(factor, c2, half);
        DMatrixRMaj product = new DMatrixRMaj(factor.numRows, factor.numRows);
        CommonOps_DDRM.mult(half, CommonOps_DDRM.transpose(factor, null), product);
        double trace = 0;
        for (double eigenvalue : eigenvalues(symmetric(product))) {
            trace += Math.sqrt(Math.max(0, eigenvalue)); // below 0 by rounding only
        }
        return trace;
    }

    private static DMatrixRMaj symmetric(DMatrixRMaj matrix) {
        for (int i = 0; i < matrix.numRows; i++) {
            for (int j = 0; j < i; j++) {
                double mean = (matrix.get(i, j) + matrix.get(j, i)) / 2;
                matrix.set(i, j, mean);
                matrix.set(j, i, mean);
            }
        }
        return matrix;
    }

    private static double[] eigenvalues(DMatrixRMaj symmetric) {
        EigenDecomposition_F64<DMatrixRMaj> decomposition =
                DecompositionFactory_DDRM.eig(symmetric.numRows, false, true);
        if (!decomposition.decompose(symmetric)) {
            throw new EvaluationException(Reason.NOT_FINITE, "the eigenvalues of the covariances did not converge");
        }
        double[] values = new double[decomposition.getNumberOfEigenvalues()];
        for (int i = 0; i < values.length; i++) {
            values[i] = decomposition.getEigenvalue(i).real;
        }
        return values;
    }

    /**
     * Cholesky with the largest remaining variance first (Higham 2009, "Cholesky factorization"), which ends where a covariance of low rank
     * has no variance left.
     *
     * @return (rank, D) F with {@code c = F^T F}
     */
    private static DMatrixRMaj factor(DMatrixRMaj c) {
        int width = c.numCols;
        double[] left = new double[width];
        for (int i = 0; i < width; i++) {
            left[i] = c.get(i, i);
        }
        double nothing = width * Math.ulp(1.0) * left[largest(left)];
        DMatrixRMaj factor = new DMatrixRMaj(width, width);
        int rank = 0;
        for (int pivot = largest(left); rank < width && left[pivot] > nothing; pivot = largest(left)) {
            eliminate(c, factor, rank, pivot, left);
            rank++;
        }
        factor.reshape(rank, width, true); // the first rows
        return factor;
    }

    /** Writes row {@code rank} of the factor, and takes what it explains from the variance that is left. */
    private static void eliminate(DMatrixRMaj c, DMatrixRMaj factor, int rank, int pivot, double[] left) {
        int width = c.numCols;
        double[] row = new double[width];
        System.arraycopy(c.data, pivot * width, row, 0, width);
        for (int k = 0; k < rank; k++) {
            double weight = factor.data[k * width + pivot];
            for (int i = 0, at = k * width; i < width; i++, at++) {
                row[i] -= weight * factor.data[at];
            }
        }
        double root = Math.sqrt(left[pivot]);
        for (int i = 0; i < width; i++) {
            row[i] /= root;
            left[i] -= row[i] * row[i];
        }
        left[pivot] = 0;
        System.arraycopy(row, 0, factor.data, rank * width, width);
    }

    private static int largest(double[] values) {
        int largest = 0;
        for (int i = 1; i < values.length; i++) {
            if (values[i] > values[largest]) {
                largest = i;
            }
        }
        return largest;
    }
}
