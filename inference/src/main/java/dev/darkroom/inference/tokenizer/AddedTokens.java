// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Parts a text at its added tokens: the leftmost counts, and of several that start there the longest. */
final class AddedTokens {
    /** A token with the spaces it takes, or text between tokens. */
    record Section(int start, String text, @Nullable AddedToken token) {}

    private final Map<String, AddedToken> tokens = new HashMap<>();
    private final @Nullable Pattern any;

    /** @param tokens by what is to be found in the text, which is not always their content */
    AddedTokens(Map<String, AddedToken> tokens) {
        this.tokens.putAll(tokens);
        this.tokens.remove("");
        this.any = this.tokens.isEmpty() ? null : anyOf(this.tokens.keySet());
    }

    /** The look-ahead spares most characters of a text a walk through all alternatives. */
    private static Pattern anyOf(Collection<String> contents) {
        String first = contents.stream()
                .map(content -> Pattern.quote(content.substring(0, content.offsetByCodePoints(0, 1))))
                .distinct()
                .collect(Collectors.joining("|"));
        return Pattern.compile(contents.stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .map(Pattern::quote)
                .collect(Collectors.joining("|", "(?=" + first + ")(?:", ")")));
    }

    /** {@code PreTrainedTokenizer.tokenize}: spaces and words are decided on what lies between the tokens found. */
    List<Section> slow(String text) {
        List<String> parts = new ArrayList<>();
        int start = 0;
        if (any != null) {
            Matcher match = any.matcher(text);
            while (match.find()) {
                parts.add(text.substring(start, match.start()));
                parts.add(match.group());
                start = match.end();
            }
        }
        parts.add(text.substring(start));
        parts.removeIf(String::isEmpty);
        for (int i = 0; i < parts.size(); i++) {
            AddedToken token = tokens.get(parts.get(i));
            if (token != null) {
                settle(token, parts, i);
            }
        }
        return parts.stream()
                .filter(part -> !part.isEmpty())
                .map(part -> new Section(0, part, tokens.get(part)))
                .toList();
    }

    private static void settle(AddedToken token, List<String> parts, int i) {
        String left = i > 0 ? parts.get(i - 1) : "";
        String right = i + 1 < parts.size() ? parts.get(i + 1) : "";
        if (token.rstrip() && !right.isEmpty()) {
            parts.set(i + 1, right.substring(spacesAtStart(right, 0, AddedTokens::isPythonSpace)));
        }
        if (token.lstrip() && !left.isEmpty()) {
            parts.set(i - 1, left.substring(0, left.length() - spacesAtEnd(left, AddedTokens::isPythonSpace)));
        }
        if (token.singleWord() && !left.isEmpty() && !left.endsWith(" ")) {
            parts.set(i - 1, parts.get(i - 1) + token.content());
            parts.set(i, "");
        } else if (token.singleWord() && !right.isEmpty() && !right.startsWith(" ")) {
            parts.set(i + 1, token.content() + parts.get(i + 1));
            parts.set(i, "");
        }
    }

    /** {@code AddedVocabulary::find_matches} of Hugging Face tokenizers. */
    List<Section> fast(String text) {
        List<Section> sections = new ArrayList<>();
        int end = 0;
        if (any != null) {
            Matcher match = any.matcher(text);
            while (match.find()) {
                AddedToken token = tokens.get(match.group());
                if (token != null && !(token.singleWord() && isWithinWord(text, match.start(), match.end()))) {
                    int start = match.start();
                    int stop = match.end();
                    if (token.lstrip()) {
                        start = Math.max(end, start - spacesAtEnd(text.substring(end, start), AddedTokens::isSpace));
                    }
                    if (token.rstrip()) {
                        stop += spacesAtStart(text, stop, AddedTokens::isSpace);
                    }
                    if (start > end) {
                        sections.add(new Section(end, text.substring(end, start), null));
                    }
                    sections.add(new Section(start, text.substring(start, stop), token));
                    end = stop;
                }
            }
        }
        if (end < text.length()) {
            sections.add(new Section(end, text.substring(end), null));
        }
        return sections;
    }

    private static boolean isWithinWord(String text, int start, int end) {
        return (start > 0 && isWord(text.codePointBefore(start)))
                || (end < text.length() && isWord(text.codePointAt(end)));
    }

    private static boolean isWord(int c) {
        return Character.isLetterOrDigit(c)
                || Character.getType(c) == Character.CONNECTOR_PUNCTUATION
                || Character.getType(c) == Character.NON_SPACING_MARK
                || Character.getType(c) == Character.COMBINING_SPACING_MARK
                || Character.getType(c) == Character.ENCLOSING_MARK;
    }

    /** Counts characters; all spaces lie in the basic plane. */
    static int spacesAtStart(String text, int from, IntPredicate isSpace) {
        int end = from;
        while (end < text.length() && isSpace.test(text.charAt(end))) {
            end++;
        }
        return end - from;
    }

    static int spacesAtEnd(String text, IntPredicate isSpace) {
        int count = 0;
        while (count < text.length() && isSpace.test(text.charAt(text.length() - 1 - count))) {
            count++;
        }
        return count;
    }

    /** The property White_Space (The Unicode Standard, PropList). */
    static boolean isSpace(int c) {
        return (c >= '\t' && c <= '\r') || c == 0x85 || Character.isSpaceChar(c);
    }

    /** {@code str.isspace}: beside {@link #isSpace} the four information separators. */
    private static boolean isPythonSpace(int c) {
        return isSpace(c) || (c >= 0x1c && c <= 0x1f);
    }
}
