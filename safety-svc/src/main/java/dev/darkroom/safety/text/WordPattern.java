// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.text;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * A pattern of words, as policies write them.
 *
 * <table>
 * <caption>The language</caption>
 * <tr><td>{@code gun}</td><td>the word, its plural or third person, its possessive</td></tr>
 * <tr><td>{@code stab~}</td><td>also stabbed, stabbing</td></tr>
 * <tr><td>{@code =shot}</td><td>exactly this word</td></tr>
 * <tr><td>{@code kill~|murder~}</td><td>either</td></tr>
 * <tr><td>{@code <person>}</td><td>a word of the policy's set {@code person}; mixes with the others: {@code him|<person>}</td></tr>
 * <tr><td>{@code the|a?}</td><td>one of these or nothing</td></tr>
 * <tr><td>{@code ...}</td><td>up to three words, whichever</td></tr>
 * <tr><td>{@code blood,}</td><td>punctuation may follow</td></tr>
 * </table>
 *
 * <p>There is no repetition and no nesting, so matching at one place takes a bounded number of steps. Immutable.
 */
public final class WordPattern {

    private static final int WIDEST_GAP = 3;

    private sealed interface Element {
        /** One of some words. */
        record Choice(Set<String> words, boolean optional, boolean breakMayFollow) implements Element {}

        /** Up to {@link #WIDEST_GAP} words. */
        record Gap() implements Element {}
    }

    private final List<Element> elements;

    private WordPattern(List<Element> elements) {
        this.elements = List.copyOf(elements);
    }

    /**
     * Reads a pattern.
     *
     * @param sets words by the name of their set, from {@link #words}
     * @throws IllegalArgumentException saying what is wrong with the pattern
     */
    public static WordPattern parse(String pattern, Map<String, Set<String>> sets) {
        List<Element> elements = new ArrayList<>();
        for (String part : pattern.strip().split(" +", -1)) {
            elements.add(part.equals("...") ? new Element.Gap() : choice(part, sets));
        }
        if (!isFixed(elements.getFirst()) || !isFixed(elements.getLast())) {
            throw new IllegalArgumentException(
                    "a pattern begins and ends with a word that is neither optional nor ...");
        }
        return new WordPattern(elements);
    }

    private static boolean isFixed(Element element) {
        return element instanceof Element.Choice choice && !choice.optional();
    }

    private static Element choice(String part, Map<String, Set<String>> sets) {
        boolean breakMayFollow = part.endsWith(",");
        String rest = breakMayFollow ? part.substring(0, part.length() - 1) : part;
        boolean optional = rest.endsWith("?");
        rest = optional ? rest.substring(0, rest.length() - 1) : rest;
        Set<String> words = new HashSet<>();
        for (String alternative : rest.split("\\|", -1)) {
            words.addAll(expand(alternative, sets));
        }
        return new Element.Choice(Set.copyOf(words), optional, breakMayFollow);
    }

    private static Set<String> expand(String alternative, Map<String, Set<String>> sets) {
        return alternative.startsWith("<") && alternative.endsWith(">")
                ? setNamed(alternative.substring(1, alternative.length() - 1), sets)
                : words(alternative);
    }

    private static Set<String> setNamed(String name, Map<String, Set<String>> sets) {
        Set<String> words = sets.get(name);
        if (words == null) {
            throw new IllegalArgumentException("unknown set <" + name + ">; known: "
                    + sets.keySet().stream().sorted().toList());
        }
        return words;
    }

    /**
     * The words that one alternative of a pattern stands for: its inflections, or the word itself behind =.
     *
     * @throws IllegalArgumentException when it is no word
     */
    public static Set<String> words(String alternative) {
        boolean exact = alternative.startsWith("=");
        boolean verb = alternative.endsWith("~");
        String word = alternative.substring(exact ? 1 : 0, alternative.length() - (verb ? 1 : 0));
        requireWord(word);
        word = Normalizer.normalize(word, Normalizer.Form.NFKC).toLowerCase(Locale.ROOT);
        if (exact) {
            return Set.of(word);
        }
        return verb ? Inflection.verb(word) : Inflection.plural(word);
    }

    private static void requireWord(String word) {
        if (word.isEmpty() || !word.codePoints().allMatch(WordPattern::isOfAWord)) {
            throw new IllegalArgumentException("\"" + word + "\" is not a word of letters and digits");
        }
    }

    private static boolean isOfAWord(int codePoint) {
        return Character.isLetterOrDigit(codePoint) || Character.getType(codePoint) == Character.NON_SPACING_MARK;
    }

    /** The words this pattern may begin with. */
    Set<String> firstWords() {
        return elements.getFirst() instanceof Element.Choice choice ? choice.words() : Collections.emptySet();
    }

    /** Every word the pattern names. */
    Set<String> words() {
        Set<String> words = new HashSet<>();
        for (Element element : elements) {
            if (element instanceof Element.Choice choice) {
                words.addAll(choice.words());
            }
        }
        return words;
    }

    /** The end (exclusive) of a match that begins with word {@code at}, -1 when there is none. Punctuation ends a match. */
    int match(List<Word> words, int at) {
        return match(words, at, 0, true);
    }

    private int match(List<Word> words, int at, int elementIndex, boolean breakAllowed) {
        if (elementIndex == elements.size()) {
            return at;
        }
        return switch (elements.get(elementIndex)) {
            case Element.Gap _ -> matchAfterGap(words, at, elementIndex + 1);
            case Element.Choice choice -> {
                int end = isNext(words, at, choice, breakAllowed)
                        ? match(words, at + 1, elementIndex + 1, choice.breakMayFollow())
                        : -1;
                yield end < 0 && choice.optional() ? match(words, at, elementIndex + 1, breakAllowed) : end;
            }
        };
    }

    private static boolean isNext(List<Word> words, int at, Element.Choice choice, boolean breakAllowed) {
        return at < words.size()
                && (breakAllowed || !words.get(at).afterBreak())
                && words.get(at).forms().stream().anyMatch(choice.words()::contains);
    }

    private int matchAfterGap(List<Word> words, int at, int elementIndex) {
        for (int skipped = 0; skipped <= WIDEST_GAP && at + skipped < words.size(); skipped++) {
            if (skipped > 0 && words.get(at + skipped - 1).afterBreak()) {
                return -1;
            }
            int end = match(words, at + skipped, elementIndex, false);
            if (end >= 0) {
                return end;
            }
        }
        return -1;
    }
}
