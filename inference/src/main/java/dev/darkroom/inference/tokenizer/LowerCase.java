// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

/**
 * Python's {@code str.lower}: Unicode's default mapping with its Final_Sigma condition (The Unicode Standard, table 3-17).
 * {@link String#toLowerCase()} decides that condition by word boundaries instead, so it differs next to scripts without case.
 */
final class LowerCase {
    /** The Word_Break classes MidLetter, MidNumLet and Single_Quote, which case ignores beside five general categories. */
    private static final String IGNORED_PUNCTUATION =
            "'.:\u00b7\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a";

    private LowerCase() {}

    /** Lowers each character by itself, as Rust's {@code char::to_lowercase}. */
    static String ofEach(String text) {
        StringBuilder lower = new StringBuilder(text.length());
        text.codePoints().forEach(c -> append(lower, c));
        return lower.toString();
    }

    private static void append(StringBuilder lower, int c) {
        if (c == '\u0130') {
            lower.append("i\u0307");
        } else {
            lower.appendCodePoint(Character.toLowerCase(c));
        }
    }

    static String of(String text) {
        int[] points = text.codePoints().toArray();
        StringBuilder lower = new StringBuilder(text.length());
        for (int i = 0; i < points.length; i++) {
            if (points[i] == '\u03a3') {
                lower.append(isFinal(points, i) ? '\u03c2' : '\u03c3');
            } else {
                append(lower, points[i]);
            }
        }
        return lower.toString();
    }

    private static boolean isFinal(int[] points, int sigma) {
        return isCasedNext(points, sigma, -1) && !isCasedNext(points, sigma, 1);
    }

    private static boolean isCasedNext(int[] points, int from, int direction) {
        int i = from + direction;
        while (i >= 0 && i < points.length && isCaseIgnorable(points[i])) {
            i += direction;
        }
        return i >= 0 && i < points.length && isCased(points[i]);
    }

    private static boolean isCased(int c) {
        return Character.isLowerCase(c) || Character.isUpperCase(c) || Character.isTitleCase(c);
    }

    private static boolean isCaseIgnorable(int c) {
        return switch (Character.getType(c)) {
            case Character.NON_SPACING_MARK,
                    Character.ENCLOSING_MARK,
                    Character.FORMAT,
                    Character.MODIFIER_LETTER,
                    Character.MODIFIER_SYMBOL -> true;
            default -> IGNORED_PUNCTUATION.indexOf(c) >= 0;
        };
    }
}
