// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.generation;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What penalties and bans make of the scores of the next token: transformers' logits processors, in their order. Scores are logits where
 * tokens are taken or drawn one by one and log-probabilities in a beam search; a ban is negative infinity.
 *
 * <p>Immutable and thread-safe; the scores are changed in place.
 */
final class TokenScores {
    private final TokenRules rules;
    private final GenerationSettings settings;
    private final int promptLength;

    TokenScores(TokenRules rules, GenerationSettings settings, int promptLength) {
        this.rules = rules;
        this.settings = settings;
        this.promptLength = promptLength;
    }

    /** Returns the most tokens of a row, prompt included. */
    int maxLength() {
        return promptLength + settings.maxNewTokens();
    }

    /** @param row all tokens so far, prompt included */
    void process(float[] scores, List<Integer> row) {
        int[] tokens = row.stream().mapToInt(Integer::intValue).toArray();
        if (settings.repetitionPenalty() != 1) {
            penalise(scores, tokens);
        }
        if (settings.noRepeatNgramSize() > 0) {
            banRepeatedRuns(scores, tokens, settings.noRepeatNgramSize());
        }
        rules.badWordsIds().forEach(run -> banLastOf(run, scores, tokens));
        int least = settings.minNewTokens() > 0 ? promptLength + settings.minNewTokens() : rules.minLength();
        if (tokens.length < least) {
            ban(scores, rules.eosTokenId());
        }
        force(scores, tokens.length);
        ban(scores, rules.suppressTokens());
        if (tokens.length == firstFreeLength()) {
            ban(scores, rules.beginSuppressTokens());
        }
    }

    /** A forced start token takes the first place after the start. */
    private int firstFreeLength() {
        return promptLength > 1 || rules.forcedBosTokenId() == null ? promptLength : promptLength + 1;
    }

    private void force(float[] scores, int length) {
        Integer start = rules.forcedBosTokenId();
        if (start != null && length == 1) {
            allowOnly(scores, List.of(start));
        }
        if (!rules.forcedEosTokenId().isEmpty() && length == maxLength() - 1) {
            allowOnly(scores, rules.forcedEosTokenId());
        }
    }

    private void penalise(float[] scores, int[] tokens) {
        float penalty = (float) settings.repetitionPenalty();
        Arrays.stream(tokens).distinct().forEach(token -> {
            float score = scores[token];
            scores[token] = score < 0 ? score * penalty : score / penalty;
        });
    }

    private static void banRepeatedRuns(float[] scores, int[] tokens, int size) {
        int from = tokens.length + 1 - size; // where the run begins that the next token ends
        for (int start = 0; start + size <= tokens.length && from >= 0; start++) {
            if (Arrays.equals(tokens, start, start + size - 1, tokens, from, tokens.length)) {
                scores[tokens[start + size - 1]] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    private void banLastOf(List<Integer> run, float[] scores, int[] tokens) {
        int before = run.size() - 1;
        boolean end = before == 0 && rules.eosTokenId().contains(run.getLast());
        if (!end && run.size() <= Math.max(1, tokens.length) && endsWith(tokens, run.subList(0, before))) {
            scores[run.getLast()] = Float.NEGATIVE_INFINITY;
        }
    }

    private static boolean endsWith(int[] tokens, List<Integer> run) {
        return IntStream.range(0, run.size()).allMatch(i -> tokens[tokens.length - run.size() + i] == run.get(i));
    }

    private static void ban(float[] scores, List<Integer> tokens) {
        tokens.forEach(token -> scores[token] = Float.NEGATIVE_INFINITY);
    }

    private static void allowOnly(float[] scores, List<Integer> tokens) {
        Arrays.fill(scores, Float.NEGATIVE_INFINITY);
        tokens.forEach(token -> scores[token] = 0);
    }
}
