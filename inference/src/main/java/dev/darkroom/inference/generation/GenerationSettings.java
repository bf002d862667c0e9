// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.generation;

import org.jspecify.annotations.Nullable;

/**
 * How captions are found, under transformers' names.
 *
 * @param numBeams 1 is greedy
 * @param numReturnSequences captions to return, at most {@code numBeams} unless tokens are drawn; 1 where greedy
 * @param lengthPenalty exponent of the length that a log-probability is divided by
 * @param noRepeatNgramSize runs of so many tokens that do not come twice, 0 for none
 * @param repetitionPenalty above 0; 1 is none
 * @param minNewTokens tokens before the first end
 * @param maxNewTokens at least 1, end included
 * @param sampling null where the most probable tokens are taken
 */
public record GenerationSettings(
        int numBeams,
        int numReturnSequences,
        double lengthPenalty,
        EarlyStopping earlyStopping,
        int noRepeatNgramSize,
        double repetitionPenalty,
        int minNewTokens,
        int maxNewTokens,
        @Nullable Sampling sampling) {
    public GenerationSettings {
        boolean drawn = sampling != null;
        if (numBeams < 1
                || (drawn && numBeams > 1)
                || numReturnSequences < 1
                || (!drawn && numReturnSequences > numBeams)
                || noRepeatNgramSize < 0
                || !(repetitionPenalty > 0)
                || minNewTokens < 0
                || maxNewTokens < 1) {
            throw new IllegalArgumentException("numBeams " + numBeams + ", numReturnSequences " + numReturnSequences
                    + ", noRepeatNgramSize " + noRepeatNgramSize + ", repetitionPenalty " + repetitionPenalty
                    + ", minNewTokens " + minNewTokens + ", maxNewTokens " + maxNewTokens);
        }
    }

    /** Returns how many rows a step has at most. */
    public int rows() {
        return sampling == null ? numBeams : numReturnSequences;
    }
}
