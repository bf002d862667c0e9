// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import java.util.Collection;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Words and phrases that no caption has, as whole words, whatever their case and the spaces in them. Immutable and thread-safe. */
final class BlockedTerms {
    private final @Nullable Pattern any;

    BlockedTerms(Collection<String> terms) {
        String alternatives = terms.stream()
                .map(String::strip)
                .filter(term -> !term.isEmpty())
                .map(BlockedTerms::expression)
                .collect(Collectors.joining("|"));
        this.any = alternatives.isEmpty()
                ? null
                : Pattern.compile(
                        "(?<![\\p{L}\\p{N}])(?:" + alternatives + ")(?![\\p{L}\\p{N}])",
                        Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);
    }

    private static String expression(String term) {
        return Pattern.compile("\\s+").splitAsStream(term).map(Pattern::quote).collect(Collectors.joining("\\s+"));
    }

    boolean areIn(String text) {
        return any != null && any.matcher(text).find();
    }

    /** Returns what is left without them; may be empty. */
    String cutFrom(String text) {
        return any == null
                ? text
                : any.matcher(text).replaceAll("").replaceAll("\\s+", " ").strip();
    }
}
