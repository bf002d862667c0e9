// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.detect;

import dev.darkroom.safety.text.FoldedText;
import dev.darkroom.safety.text.Invisible;
import dev.darkroom.safety.text.Span;
import java.util.ArrayList;
import java.util.List;

/**
 * Channels that carry text past a reader's eyes: tag characters (an invisible copy of ASCII), runs of variation selectors or of other invisible
 * characters (bits), and direction overrides (letters shown in another order than they are sent).
 *
 * <p>Not meant: flags of regions, which are a black flag with tags; joiners in emoji and in Persian or Indic words; one variation selector after a character;
 * marks, embeddings and isolates of right-to-left text.
 */
final class HiddenText {

    private static final int BLACK_FLAG = 0x1F3F4;
    private static final int CANCEL_TAG = 0xE007F;
    private static final int LONGEST_FLAG = 8;
    private static final int LEFT_TO_RIGHT_OVERRIDE = 0x202D;
    private static final int RIGHT_TO_LEFT_OVERRIDE = 0x202E;
    private static final int SHORTEST_INVISIBLE_RUN = 8;

    private HiddenText() {}

    static List<Span> in(FoldedText text) {
        List<Span> spans = new ArrayList<>();
        for (int i = 0; i < text.originalLength(); i++) {
            int c = text.originalAt(i);
            if (c >= 0x80 && Invisible.is(c)) {
                int end = endOfRun(text, i);
                if (isHidden(text, i, end)) {
                    spans.add(new Span(i, end));
                }
                i = end - 1;
            }
        }
        return spans;
    }

    private static int endOfRun(FoldedText text, int start) {
        int end = start;
        while (Invisible.is(text.originalAt(end))) {
            end++;
        }
        return end;
    }

    private static boolean isHidden(FoldedText text, int start, int end) {
        int tags = 0;
        int selectors = 0;
        for (int i = start; i < end; i++) {
            int c = text.originalAt(i);
            if (c == LEFT_TO_RIGHT_OVERRIDE || c == RIGHT_TO_LEFT_OVERRIDE) {
                return true;
            }
            tags += Invisible.isTag(c) ? 1 : 0;
            selectors += Invisible.isVariationSelector(c) ? 1 : 0;
        }
        return end - start >= SHORTEST_INVISIBLE_RUN || selectors > 1 || (tags > 0 && !isFlag(text, start, end));
    }

    private static boolean isFlag(FoldedText text, int start, int end) {
        return text.originalAt(start - 1) == BLACK_FLAG
                && text.originalAt(end - 1) == CANCEL_TAG
                && end - start <= LONGEST_FLAG;
    }
}
