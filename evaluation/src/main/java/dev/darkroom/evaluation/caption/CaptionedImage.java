// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.caption;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import java.util.Arrays;
import java.util.List;

/**
 * One picture's caption, and what people wrote about the picture, as tokens.
 *
 * @param id names the picture in errors and results
 * @param candidate the caption that is judged; may be empty, which scores 0
 * @param references at least one, none of them empty
 */
public record CaptionedImage(String id, List<String> candidate, List<List<String>> references) {

    /** Checks and copies. */
    public CaptionedImage {
        candidate = List.copyOf(candidate);
        references = references.stream().map(List::copyOf).toList();
        if (references.isEmpty()) {
            throw new EvaluationException(Reason.EMPTY_REFERENCES, id + " has no reference to compare with");
        }
        for (int i = 0; i < references.size(); i++) {
            if (references.get(i).isEmpty()) {
                throw new EvaluationException(
                        Reason.EMPTY_REFERENCES, "reference " + (i + 1) + " of " + id + " has no word in it");
            }
        }
    }

    /** Makes tokens as pycocoevalcap does: those of {@link PtbTokenizer} without punctuation. */
    public static CaptionedImage tokenized(String id, String candidate, List<String> references) {
        return new CaptionedImage(
                id,
                PtbTokenizer.words(candidate),
                references.stream().map(PtbTokenizer::words).toList());
    }

    /** Takes texts whose tokens are separated by single spaces. */
    public static CaptionedImage split(String id, String candidate, List<String> references) {
        return new CaptionedImage(
                id,
                split(candidate),
                references.stream().map(CaptionedImage::split).toList());
    }

    private static List<String> split(String text) {
        return Arrays.stream(text.split(" ")).filter(token -> !token.isEmpty()).toList();
    }
}
