// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.safety;

import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.Collectors;

/** Ways to write a prompt so that a reader still reads it and a list of words does not. */
enum Disguise {
    UPPER_CASE,
    ALTERNATING_CASE,
    FULLWIDTH,
    MATHEMATICAL,
    CIRCLED,
    ZERO_WIDTH_SPACE,
    ZERO_WIDTH_JOINER,
    SOFT_HYPHEN,
    ONE_MARK_A_LETTER,
    STACKED_MARKS,
    CYRILLIC,
    GREEK,
    LEET,
    SPACED_WITH_TWO_BLANKS_BETWEEN_WORDS,
    DOTTED,
    EMOJI_BETWEEN,
    TRIPLED_LETTERS,
    BIDI_MARKS,
    LEET_AND_CYRILLIC,
    UPPER_CASE_AND_ZERO_WIDTH;

    private static final Map<Character, Character> CYRILLIC_TWINS =
            Map.of('a', 'а', 'c', 'с', 'e', 'е', 'i', 'і', 'o', 'о', 'p', 'р', 's', 'ѕ', 'x', 'х', 'y', 'у', 'k', 'к');
    private static final Map<Character, Character> GREEK_TWINS =
            Map.of('a', 'α', 'e', 'ε', 'i', 'ι', 'o', 'ο', 'n', 'η', 'k', 'κ', 'p', 'ρ', 't', 'τ', 'u', 'υ', 'v', 'ν');
    private static final Map<Character, Character> LEET_TWINS =
            Map.of('a', '4', 'e', '3', 'i', '1', 'o', '0', 's', '5', 't', '7');

    String of(String prompt) {
        return switch (this) {
            case UPPER_CASE -> prompt.toUpperCase(Locale.ROOT);
            case ALTERNATING_CASE -> alternating(prompt);
            case FULLWIDTH -> letters(prompt, c -> Character.toString(c - 0x21 + 0xFF01));
            case MATHEMATICAL ->
                letters(
                        prompt,
                        c -> Character.toString(Character.isUpperCase(c) ? c - 'A' + 0x1D400 : c - 'a' + 0x1D41A));
            case CIRCLED -> letters(prompt, c -> Character.toString(Character.toLowerCase(c) - 'a' + 0x24D0));
            case ZERO_WIDTH_SPACE -> letters(prompt, c -> Character.toString(c) + '\u200B');
            case ZERO_WIDTH_JOINER -> letters(prompt, c -> Character.toString(c) + '\u200D');
            case SOFT_HYPHEN -> letters(prompt, c -> Character.toString(c) + '\u00AD');
            case ONE_MARK_A_LETTER -> letters(prompt, c -> Character.toString(c) + '\u0301');
            case STACKED_MARKS ->
                letters(prompt, c -> Character.toString(c) + "\u0300\u0316\u0334\u0323\u0361\u0336".repeat(2));
            case CYRILLIC -> twins(prompt, CYRILLIC_TWINS);
            case GREEK -> twins(prompt, GREEK_TWINS);
            case LEET -> twins(prompt, LEET_TWINS);
            case SPACED_WITH_TWO_BLANKS_BETWEEN_WORDS ->
                prompt.chars().mapToObj(Character::toString).collect(Collectors.joining(" "));
            case DOTTED -> letters(prompt, c -> Character.toString(c) + '.');
            case EMOJI_BETWEEN -> letters(prompt, c -> Character.toString(c) + "\uD83D\uDD2A");
            case TRIPLED_LETTERS -> letters(prompt, c -> Character.toString(c).repeat(3));
            case BIDI_MARKS -> letters(prompt, c -> "\u2067" + Character.toString(c) + "\u2069");
            case LEET_AND_CYRILLIC -> CYRILLIC.of(twins(prompt, Map.of('o', '0', 'e', '3')));
            case UPPER_CASE_AND_ZERO_WIDTH -> ZERO_WIDTH_SPACE.of(UPPER_CASE.of(prompt));
        };
    }

    private static String letters(String prompt, IntFunction<String> disguise) {
        return prompt.codePoints()
                .mapToObj(c -> c < 0x80 && Character.isLetter(c) ? disguise.apply(c) : Character.toString(c))
                .collect(Collectors.joining());
    }

    private static String twins(String prompt, Map<Character, Character> twins) {
        return letters(prompt, c -> String.valueOf(twins.getOrDefault((char) c, (char) c)));
    }

    private static String alternating(String prompt) {
        StringBuilder result = new StringBuilder();
        for (int i = 0; i < prompt.length(); i++) {
            char c = prompt.charAt(i);
            result.append(i % 2 == 0 ? Character.toUpperCase(c) : Character.toLowerCase(c));
        }
        return result.toString();
    }
}
