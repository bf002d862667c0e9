// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

/** Small dense systems of linear equations. */
final class LinearEquations {
    private LinearEquations() {}

    /** Solves {@code a x = b} by Gaussian elimination with partial pivoting; overwrites both. */
    static float[] solve(double[][] a, double[] b) {
        int n = b.length;
        for (int column = 0; column < n; column++) {
            swapLargestUp(a, b, column);
            for (int row = column + 1; row < n; row++) {
                double factor = a[row][column] / a[column][column];
                for (int k = column; k < n; k++) {
                    a[row][k] -= factor * a[column][k];
                }
                b[row] -= factor * b[column];
            }
        }
        for (int row = n - 1; row >= 0; row--) {
            for (int k = row + 1; k < n; k++) {
                b[row] -= a[row][k] * b[k];
            }
            b[row] /= a[row][row];
        }
        return SigmaGrid.floats(b);
    }

    private static void swapLargestUp(double[][] a, double[] b, int column) {
        int pivot = column;
        for (int row = column + 1; row < b.length; row++) {
            if (Math.abs(a[row][column]) > Math.abs(a[pivot][column])) {
                pivot = row;
            }
        }
        double[] equation = a[column];
        a[column] = a[pivot];
        a[pivot] = equation;
        double value = b[column];
        b[column] = b[pivot];
        b[pivot] = value;
    }
}
