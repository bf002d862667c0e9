// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.text;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Patterns of words that are looked for together, found by their first words. Immutable. */
public final class WordPatterns {

    private final List<WordPattern> patterns;
    private final Map<String, List<WordPattern>> byFirstWord = new HashMap<>();

    public WordPatterns(List<WordPattern> patterns) {
        this.patterns = List.copyOf(patterns);
        for (WordPattern pattern : patterns) {
            for (String word : pattern.firstWords()) {
                byFirstWord.computeIfAbsent(word, _ -> new ArrayList<>()).add(pattern);
            }
        }
    }

    /** Every word the patterns name. */
    public Set<String> words() {
        Set<String> words = new HashSet<>();
        patterns.forEach(pattern -> words.addAll(pattern.words()));
        return words;
    }

    /** Where the patterns match, in characters of the folded text, in order of their start; they may overlap. */
    public List<Span> in(Words text) {
        List<Word> words = text.list();
        List<Span> spans = new ArrayList<>();
        for (int at = 0; at < words.size(); at++) {
            int end = longestMatch(words, at);
            if (end > at) {
                spans.add(new Span(words.get(at).start(), words.get(end - 1).end()));
            }
        }
        return spans;
    }

    private int longestMatch(List<Word> words, int at) {
        int longest = -1;
        for (String form : words.get(at).forms()) {
            for (WordPattern pattern : byFirstWord.getOrDefault(form, List.of())) {
                longest = Math.max(longest, pattern.match(words, at));
            }
        }
        return longest;
    }
}
