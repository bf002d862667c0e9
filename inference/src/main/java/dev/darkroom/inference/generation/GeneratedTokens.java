// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.generation;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A caption as tokens.
 *
 * @param tokens after the prompt, the end included
 * @param ended whether the last one is an end, and not just the last that was allowed
 * @param score what captions are ranked by: of a beam search transformers' {@code sequences_scores}, otherwise log-probability over length
 * @param logProb natural logarithm of the tokens' probability under the model, before penalties
 */
public record GeneratedTokens(List<Integer> tokens, boolean ended, float score, double logProb) {
    public GeneratedTokens {
        tokens = List.copyOf(tokens);
    }

    static GeneratedTokens of(@Nullable TokenChain last, boolean ended, float score) {
        List<TokenChain> links = TokenChain.inOrder(last);
        return new GeneratedTokens(
                links.stream().map(TokenChain::token).toList(),
                ended,
                score,
                links.stream().mapToDouble(TokenChain::logProb).sum());
    }

    /** As above, where no beams were searched. */
    static GeneratedTokens of(TokenChain last, boolean ended) {
        GeneratedTokens unscored = of(last, ended, 0);
        float score = (float) (unscored.logProb / unscored.tokens.size());
        return new GeneratedTokens(unscored.tokens, ended, score, unscored.logProb);
    }
}
