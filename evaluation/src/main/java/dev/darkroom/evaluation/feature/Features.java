// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import java.util.List;
import org.ejml.data.DMatrixRMaj;

/** Features of several pictures, all finite and of one length. Immutable and thread-safe. */
public final class Features {
    private final DMatrixRMaj rows;

    private Features(DMatrixRMaj rows) {
        this.rows = rows;
    }

    /**
     * Copies features, one per row.
     *
     * @throws EvaluationException if there is none, one has another length, or one is not finite
     */
    public static Features of(List<double[]> features) {
        if (features.isEmpty()) {
            throw new EvaluationException(Reason.TOO_FEW_SAMPLES, "there is no feature");
        }
        int width = features.getFirst().length;
        DMatrixRMaj rows = new DMatrixRMaj(features.size(), width);
        for (int i = 0; i < features.size(); i++) {
            double[] feature = features.get(i);
            requireWidth(width, feature.length);
            requireFinite(feature, i);
            System.arraycopy(feature, 0, rows.data, i * width, width);
        }
        return new Features(rows);
    }

    /** Returns the number of pictures. */
    public int count() {
        return rows.numRows;
    }

    /** Returns the length of each feature. */
    public int width() {
        return rows.numCols;
    }

    /** Returns some of the pictures, by number, in that order; a number may come more than once. */
    public Features select(int... numbers) {
        int width = width();
        DMatrixRMaj selected = new DMatrixRMaj(numbers.length, width);
        for (int i = 0; i < numbers.length; i++) {
            System.arraycopy(rows.data, numbers[i] * width, selected.data, i * width, width);
        }
        return new Features(selected);
    }

    /**
     * Returns the features scaled to length 1.
     *
     * @throws EvaluationException if one has length 0
     */
    Features directions() {
        DMatrixRMaj scaled = rows.copy();
        double[] squares = squares();
        for (int i = 0; i < count(); i++) {
            if (squares[i] == 0) {
                throw new EvaluationException(
                        Reason.NO_DIRECTION, "feature " + i + " is all zeros: it has no direction");
            }
            double length = Math.sqrt(squares[i]);
            for (int j = i * width(); j < (i + 1) * width(); j++) {
                scaled.data[j] /= length;
            }
        }
        return new Features(scaled);
    }

    /** Returns the squared length of each feature. */
    double[] squares() {
        double[] squares = new double[count()];
        for (int i = 0; i < rows.data.length; i++) {
            squares[i / width()] += rows.data[i] * rows.data[i];
        }
        return squares;
    }

    /** Returns the features, one per row; nobody writes to it. */
    DMatrixRMaj matrix() {
        return rows;
    }

    static void requireWidth(int expected, int found) {
        if (expected != found || expected == 0) {
            throw new EvaluationException(
                    Reason.DIMENSION_MISMATCH,
                    "features of length " + expected + " and " + found + ": all must come from one network");
        }
    }

    static void requireFinite(double[] feature, long number) {
        for (int j = 0; j < feature.length; j++) {
            if (!Double.isFinite(feature[j])) {
                throw new EvaluationException(
                        Reason.NOT_FINITE, "feature " + number + " is " + feature[j] + " at position " + j);
            }
        }
    }

    static void requireCount(int needed, long found, String what) {
        if (found < needed) {
            throw new EvaluationException(
                    Reason.TOO_FEW_SAMPLES, what + " needs at least " + needed + " pictures, there are " + found);
        }
    }
}
