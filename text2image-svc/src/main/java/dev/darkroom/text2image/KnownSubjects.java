// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * What a small model says it can draw, from the lines of its {@code known_subjects} file: a name, then other words for it after
 * commas ("cat, kitten, kitty").
 */
final class KnownSubjects {
    private final List<String> names;
    private final List<List<String>> phrases; // words in the singular

    private KnownSubjects(List<String> names, List<List<String>> phrases) {
        this.names = names;
        this.phrases = phrases;
    }

    static KnownSubjects of(List<String> lines) {
        return new KnownSubjects(
                lines.stream().map(line -> line.split(",", 2)[0].strip()).toList(),
                lines.stream()
                        .flatMap(line -> Arrays.stream(line.split(",")))
                        .map(KnownSubjects::words)
                        .filter(words -> !words.isEmpty())
                        .toList());
    }

    List<String> names() {
        return names;
    }

    /** Whether the prompt lies outside of what the model knows; never, for a model that makes no claim. */
    boolean lacksAll(String prompt) {
        List<String> words = words(prompt);
        return !phrases.isEmpty()
                && phrases.stream().noneMatch(phrase -> Collections.indexOfSubList(words, phrase) >= 0);
    }

    private static List<String> words(String text) {
        return Arrays.stream(text.toLowerCase(Locale.ROOT).split("[^\\p{L}]+"))
                .filter(word -> !word.isEmpty())
                .map(KnownSubjects::singular)
                .toList();
    }

    /** English plurals, roughly: both sides of a comparison go through it, so that it need not be right, only the same. */
    private static String singular(String word) {
        if (word.endsWith("ies")) {
            return word.substring(0, word.length() - 3) + "y";
        }
        if (word.endsWith("ves")) {
            return word.substring(0, word.length() - 3) + "f";
        }
        if (word.matches(".*(s|x|z|ch|sh)es")) {
            return word.substring(0, word.length() - 2);
        }
        if (word.endsWith("fe")) {
            return word.substring(0, word.length() - 1);
        }
        return word.matches(".*[^su]s") ? word.substring(0, word.length() - 1) : word;
    }
}
