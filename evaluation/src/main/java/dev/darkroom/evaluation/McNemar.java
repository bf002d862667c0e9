// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation;

import dev.darkroom.evaluation.EvaluationException.Reason;

/**
 * Whether two systems that answered the same questions differ in how often they are right (McNemar 1947), by the exact binomial test on
 * the questions that only one of them got right.
 *
 * @param onlyFirst questions that only the first got right
 * @param onlySecond questions that only the second got right
 * @param pValue two-sided
 */
public record McNemar(int onlyFirst, int onlySecond, double pValue) {

    /** Compares answers to the same questions in the same order. */
    public static McNemar of(boolean[] first, boolean[] second) {
        if (first.length != second.length || first.length == 0) {
            throw new EvaluationException(
                    Reason.DIMENSION_MISMATCH,
                    "answers to the same questions are needed, there are " + first.length + " and " + second.length);
        }
        int onlyFirst = 0;
        int onlySecond = 0;
        for (int i = 0; i < first.length; i++) {
            onlyFirst += first[i] && !second[i] ? 1 : 0;
            onlySecond += second[i] && !first[i] ? 1 : 0;
        }
        return of(onlyFirst, onlySecond);
    }

    static McNemar of(int onlyFirst, int onlySecond) {
        int n = onlyFirst + onlySecond;
        double logTerm = -n * Math.log(2); // log of C(n, 0) / 2^n
        double tail = 0;
        for (int k = 0; k <= Math.min(onlyFirst, onlySecond); k++) {
            tail += Math.exp(logTerm);
            logTerm += Math.log(n - k) - Math.log(k + 1);
        }
        return new McNemar(onlyFirst, onlySecond, Math.min(1, 2 * tail));
    }
}
