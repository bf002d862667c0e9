// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.text;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * English endings. Every spelling that some word of that shape takes is made ({@code stab}: stabed and stabbed): a form that nobody writes costs
 * nothing, one that is missing lets a word through.
 */
final class Inflection {

    private static final String VOWELS = "aeiou";
    private static final List<String> HISSING = List.of("s", "x", "z", "ch", "sh");

    private Inflection() {}

    /** The word and its plural or third person: gun, guns; body, bodies; knife, knives. */
    static Set<String> plural(String word) {
        Set<String> forms = new LinkedHashSet<>();
        forms.add(word);
        forms.add(word + "s");
        if (HISSING.stream().anyMatch(word::endsWith)) {
            forms.add(word + "es");
        }
        if (endsInConsonantY(word)) {
            forms.add(withoutLast(word, 1) + "ies");
        }
        if (word.endsWith("fe")) {
            forms.add(withoutLast(word, 2) + "ves");
        }
        if (word.endsWith("man")) {
            forms.add(withoutLast(word, 2) + "en");
        }
        return forms;
    }

    /** The same with the past tense and the participles: stab, stabs, stabbed, stabbing. */
    static Set<String> verb(String word) {
        Set<String> forms = plural(word);
        String stem = word.endsWith("e") ? withoutLast(word, 1) : word;
        forms.add(stem + "ed");
        forms.add(stem + "ing");
        if (endsInConsonantY(word)) {
            forms.add(withoutLast(word, 1) + "ied");
        }
        if (endsInVowelConsonant(word)) {
            String doubled = word + word.charAt(word.length() - 1);
            forms.add(doubled + "ed");
            forms.add(doubled + "ing");
        }
        return forms;
    }

    private static boolean endsInConsonantY(String word) {
        return word.length() > 2 && word.endsWith("y") && VOWELS.indexOf(word.charAt(word.length() - 2)) < 0;
    }

    private static boolean endsInVowelConsonant(String word) {
        int n = word.length();
        return n > 2 && VOWELS.indexOf(word.charAt(n - 1)) < 0 && VOWELS.indexOf(word.charAt(n - 2)) >= 0;
    }

    private static String withoutLast(String word, int letters) {
        return word.substring(0, word.length() - letters);
    }
}
