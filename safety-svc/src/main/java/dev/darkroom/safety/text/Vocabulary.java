// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.text;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The words a policy looks for, recognised in disguise: {@code kn1fe}, {@code kniiife}, {@code b0rnb}, {@code kn*fe}.
 *
 * <p>Two spellings count as one word when their keys are equal: runs of a letter shortened to one, digits and symbols read as letters, i and l taken for
 * one; rn may be m and vv may be w. The key is coarse, so it is only asked about words that show a sign of disguise. Immutable.
 */
public final class Vocabulary {

    /** Symbols that are written for letters. */
    static final String LEET_SYMBOLS = "@$!|€+";

    private static final Map<Integer, Character> LEET = Map.ofEntries(
            Map.entry((int) '0', 'o'),
            Map.entry((int) '1', 'i'),
            Map.entry((int) '2', 'z'),
            Map.entry((int) '3', 'e'),
            Map.entry((int) '4', 'a'),
            Map.entry((int) '5', 's'),
            Map.entry((int) '6', 'g'),
            Map.entry((int) '7', 't'),
            Map.entry((int) '8', 'b'),
            Map.entry((int) '9', 'g'),
            Map.entry((int) '@', 'a'),
            Map.entry((int) '$', 's'),
            Map.entry((int) '!', 'i'),
            Map.entry((int) '|', 'i'),
            Map.entry((int) '€', 'e'),
            Map.entry((int) '+', 't'),
            Map.entry((int) 'l', 'i'));
    private static final int SHORTEST_MASKED = 4;

    private final Set<String> words;
    private final Map<String, List<String>> byKey = new HashMap<>();
    private final Map<String, List<String>> maskable = new HashMap<>();
    private int longestKey;

    public Vocabulary(Collection<String> words) {
        this.words = Set.copyOf(words);
        for (String word : this.words) {
            FoldedText folded = FoldedText.of(word);
            String key = key(folded.substring(0, folded.length()));
            byKey.computeIfAbsent(key, _ -> new ArrayList<>()).add(word);
            maskable.computeIfAbsent(outline(word), _ -> new ArrayList<>()).add(word);
            longestKey = Math.max(longestKey, key.length());
        }
    }

    boolean contains(String word) {
        return words.contains(word);
    }

    /** The words that {@code disguised} may be; empty when none. */
    List<String> recognise(String disguised) {
        List<String> found = byKey(key(disguised));
        return found.isEmpty() ? byKey(key(disguised.replace("rn", "m").replace("vv", "w"))) : found;
    }

    /** The words that {@code masked} may be, where * and # stand for one letter each: half of the letters, the first included, have to be there. */
    List<String> unmask(String masked) {
        long visible = masked.chars().filter(c -> !isMask(c)).count();
        if (masked.length() < SHORTEST_MASKED || isMask(masked.charAt(0)) || 2 * visible < masked.length()) {
            return List.of();
        }
        return maskable.getOrDefault(outline(masked), List.of()).stream()
                .filter(word -> fits(word, masked))
                .toList();
    }

    /** What a word and its masked spellings have in common: first letter and length. */
    private static String outline(String word) {
        return word.charAt(0) + " " + word.length();
    }

    private static boolean fits(String word, String masked) {
        for (int i = 0; i < masked.length(); i++) {
            if (!isMask(masked.charAt(i)) && masked.charAt(i) != word.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    static boolean isMask(int codePoint) {
        return codePoint == '*' || codePoint == '#';
    }

    /** Length of the longest key, in characters. */
    int longestKey() {
        return longestKey;
    }

    /** The words of exactly this key. */
    List<String> byKey(String key) {
        return byKey.getOrDefault(key, List.of());
    }

    /** What spellings of one word have in common. */
    private static String key(String word) {
        Key key = new Key();
        word.codePoints().forEach(key::append);
        return key.toString();
    }

    /** A key in the making, letter by letter. Not thread-safe. */
    static final class Key {
        private final StringBuilder letters = new StringBuilder();
        private int before = -1;

        /** Adds a folded character. Repeats are dropped, but an i beside an l (or 1) stays: both are i in keys. */
        void append(int character) {
            int letter = LEET.getOrDefault(character, (char) 0);
            int read = letter == 0 ? character : letter;
            boolean repeats = character == before
                    || (read != 'i' && !letters.isEmpty() && letters.codePointBefore(letters.length()) == read);
            if (!repeats) {
                letters.appendCodePoint(read);
            }
            before = character;
        }

        int length() {
            return letters.length();
        }

        /** The key so far. */
        @Override
        public String toString() {
            return letters.toString();
        }
    }
}
