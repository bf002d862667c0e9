// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.generation;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a model's folder says of single tokens, under transformers' names.
 *
 * @param decoderStartTokenId what every row begins with
 * @param eosTokenId tokens that end a caption; may be empty
 * @param forcedBosTokenId what must come after a start token that stands alone, null for anything
 * @param forcedEosTokenId one of which must come last where the length runs out; empty for anything
 * @param suppressTokens what never comes
 * @param beginSuppressTokens what does not come first
 * @param badWordsIds runs of tokens that never come
 * @param minLength tokens before which no end comes, start token and prefix included
 */
public record TokenRules(
        int decoderStartTokenId,
        List<Integer> eosTokenId,
        @Nullable Integer forcedBosTokenId,
        List<Integer> forcedEosTokenId,
        List<Integer> suppressTokens,
        List<Integer> beginSuppressTokens,
        List<List<Integer>> badWordsIds,
        int minLength) {
    public TokenRules {
        eosTokenId = List.copyOf(eosTokenId);
        forcedEosTokenId = List.copyOf(forcedEosTokenId);
        suppressTokens = List.copyOf(suppressTokens);
        beginSuppressTokens = List.copyOf(beginSuppressTokens);
        badWordsIds = badWordsIds.stream().map(List::copyOf).toList();
    }

    /** @param start of the row, found by the caller because folders keep it in several places */
    static TokenRules of(int start, List<Integer> ends, JsonNode config) {
        List<List<Integer>> badWords = new ArrayList<>();
        config.path("bad_words_ids").forEach(run -> badWords.add(ids(run)));
        JsonNode forcedBos = config.path("forced_bos_token_id");
        return new TokenRules(
                start,
                ends,
                forcedBos.isInt() ? forcedBos.asInt() : null,
                ids(config.path("forced_eos_token_id")),
                ids(config.path("suppress_tokens")),
                ids(config.path("begin_suppress_tokens")),
                badWords,
                config.path("min_length").asInt(0));
    }

    /** Reads a number or a list of them; nothing where there is neither. */
    static List<Integer> ids(JsonNode node) {
        List<Integer> ids = new ArrayList<>();
        if (node.isInt()) {
            ids.add(node.asInt());
        }
        node.forEach(id -> ids.add(id.asInt()));
        return ids;
    }
}
