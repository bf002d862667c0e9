// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import dev.darkroom.caption.v1.CaptionStyle;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** Puts a caption into the form of words that was asked for. */
final class Wording {
    static final int LONGEST_ALT_TEXT = 125;
    private static final int MOST_SHORT_WORDS = 5;
    private static final Set<String> ARTICLES = Set.of("a", "an", "the");
    /** What no caption ends with. */
    private static final Set<String> OPEN = Set.of(
            "a", "an", "the", "and", "or", "of", "in", "on", "at", "with", "to", "by", "from", "under", "over", "above",
            "below", "beside", "behind", "near", "next", "left", "right", "front", "is", "are", "that", "which", "its",
            "their", "some", "two", "three");

    private static final Pattern LEAD_IN = Pattern.compile(
            "^(?:(?:this|here) is |there (?:is|are) )?(?:an? |the )?(?:photo(?:graph)?|picture|image|drawing|illustration|painting|rendering)"
                    + "(?: of|:) ",
            Pattern.CASE_INSENSITIVE);

    private Wording() {}

    /** Returns the words in that style; never empty where the text is not. */
    static String in(CaptionStyle style, String text) {
        return switch (style) {
            case CAPTION_STYLE_SHORT -> shortened(text);
            case CAPTION_STYLE_ALT_TEXT -> altText(text);
            case CAPTION_STYLE_DETAILED, CAPTION_STYLE_UNSPECIFIED, UNRECOGNIZED -> text;
        };
    }

    /** "a photo of a red fox in the snow" gives "red fox in snow". */
    private static String shortened(String text) {
        List<String> words = new ArrayList<>(words(withoutLeadIn(text)));
        String first = words.getFirst();
        words.removeIf(word -> ARTICLES.contains(word.toLowerCase(Locale.ROOT)));
        List<String> kept = closed(words.subList(0, Math.min(MOST_SHORT_WORDS, words.size())));
        if (kept.isEmpty()) {
            return text;
        }
        String last = kept.getLast().replaceAll("[.,;:!?]+$", "");
        kept.set(kept.size() - 1, last);
        if (kept.size() == 1 && ARTICLES.contains(first.toLowerCase(Locale.ROOT))) {
            kept.addFirst(first); // two words at least, where the model said as many
        }
        return String.join(" ", kept);
    }

    private static String altText(String text) {
        String plain = withoutLeadIn(text).replaceAll("[.\\s]+$", "");
        if (plain.isEmpty()) {
            return text;
        }
        List<String> words = new ArrayList<>(words(plain));
        boolean cut = false;
        while (length(words) > LONGEST_ALT_TEXT - 1 && words.size() > 1) {
            words.removeLast();
            cut = true;
        }
        String kept = String.join(" ", cut ? closed(words) : words);
        int end = kept.offsetByCodePoints(0, Math.min(LONGEST_ALT_TEXT - 1, kept.codePointCount(0, kept.length())));
        String sentence = kept.substring(0, end).replaceAll("[,;:]+$", "");
        return capitalised(sentence) + (sentence.matches(".*[!?]") ? "" : ".");
    }

    private static int length(List<String> words) {
        String joined = String.join(" ", words);
        return joined.codePointCount(0, joined.length());
    }

    private static String withoutLeadIn(String text) {
        return LEAD_IN.matcher(text).replaceFirst("");
    }

    static List<String> words(String text) {
        return List.of(text.strip().split("\\s+"));
    }

    /** Drops what leads on to something that is cut off, unless nothing else is there. */
    private static List<String> closed(List<String> words) {
        List<String> closed = new ArrayList<>(words);
        while (closed.size() > 1 && OPEN.contains(closed.getLast().toLowerCase(Locale.ROOT))) {
            closed.removeLast();
        }
        return closed;
    }

    static String capitalised(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = text.offsetByCodePoints(0, 1);
        return text.substring(0, first).toUpperCase(Locale.ROOT) + text.substring(first);
    }
}
