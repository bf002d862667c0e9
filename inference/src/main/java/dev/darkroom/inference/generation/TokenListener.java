// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.generation;

/** Hears of tokens as they are decoded, on the thread of the request. */
@FunctionalInterface
public interface TokenListener {
    /** Hears nothing. */
    TokenListener NONE = (_, _, _) -> {};

    /**
     * Tells of one token.
     *
     * @param index counts the new tokens of the caption from 0
     * @param logProb natural logarithm of the token's probability under the model
     */
    void decoded(int index, int token, double logProb);
}
