// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.detect;

import dev.darkroom.safety.text.FoldedText;
import dev.darkroom.safety.text.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Addresses as people write them: the unquoted form of RFC 5321 with a domain of at least two labels. {@code logo@2x.png} is none. */
final class EmailAddresses {

    private static final int LONGEST_LOCAL_PART = 64;
    private static final int LONGEST_DOMAIN = 255;
    private static final Set<String> FILE_ENDINGS =
            Set.of("png", "jpg", "jpeg", "webp", "gif", "svg", "psd", "mp", "safetensors", "ckpt", "onnx", "bin");

    private EmailAddresses() {}

    static List<Span> in(FoldedText text) {
        List<Span> spans = new ArrayList<>();
        for (int at = 0; at < text.length(); at++) {
            if (text.at(at) == '@') {
                int start = localPartStart(text, at);
                int end = domainEnd(text, at + 1);
                if (start < at && isDomain(text, at + 1, end)) {
                    spans.add(text.inOriginal(start, end));
                }
            }
        }
        return spans;
    }

    private static int localPartStart(FoldedText text, int at) {
        int start = at;
        while (at - start < LONGEST_LOCAL_PART && isOfLocalPart(text.at(start - 1))) {
            start--;
        }
        while (start < at && !Character.isLetterOrDigit(text.at(start))) {
            start++;
        }
        return start;
    }

    private static int domainEnd(FoldedText text, int from) {
        int end = from;
        while (end - from < LONGEST_DOMAIN && isOfDomain(text.at(end))) {
            end++;
        }
        while (end > from && !Character.isLetterOrDigit(text.at(end - 1))) {
            end--;
        }
        return end;
    }

    private static boolean isOfLocalPart(int c) {
        return Character.isLetterOrDigit(c) || ".!#$%&'*+/=?^_`{|}~-".indexOf(c) >= 0;
    }

    private static boolean isOfDomain(int c) {
        return Character.isLetterOrDigit(c) || c == '-' || c == '.';
    }

    private static boolean isDomain(FoldedText text, int from, int end) {
        int lastDot = end - 1;
        while (lastDot > from && text.at(lastDot) != '.') {
            lastDot--;
        }
        if (lastDot <= from || end - lastDot < 3 || !Character.isLetterOrDigit(text.at(from))) {
            return false;
        }
        String topLevel = text.substring(lastDot + 1, end);
        return topLevel.codePoints().allMatch(Character::isLetter) && !FILE_ENDINGS.contains(topLevel);
    }
}
