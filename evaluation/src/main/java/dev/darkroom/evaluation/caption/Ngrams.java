// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.caption;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Runs of tokens and how often they come. */
final class Ngrams {
    /** The longest run that the metrics look at. */
    static final int LONGEST = 4;

    private Ngrams() {}

    static Map<List<String>, Integer> counts(List<String> tokens, int length) {
        Map<List<String>, Integer> counts = new HashMap<>();
        for (int i = 0; i + length <= tokens.size(); i++) {
            counts.merge(tokens.subList(i, i + length), 1, Integer::sum);
        }
        return counts;
    }
}
