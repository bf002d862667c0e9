// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.text;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Strings that are looked for as they stand, case and disguises aside: {@code <|im_start|>}. Immutable. */
public final class Literals {

    private final Map<Integer, List<int[]>> byFirst = new HashMap<>();

    public Literals(List<String> literals) {
        for (String literal : literals) {
            FoldedText folded = FoldedText.of(literal);
            int[] codePoints = folded.substring(0, folded.length()).codePoints().toArray();
            byFirst.computeIfAbsent(codePoints[0], _ -> new ArrayList<>()).add(codePoints);
        }
    }

    /** Where they stand, in characters of the folded text. */
    public List<Span> in(FoldedText text) {
        List<Span> spans = new ArrayList<>();
        for (int i = 0; i < text.length(); i++) {
            for (int[] literal : byFirst.getOrDefault(text.at(i), List.of())) {
                if (standsAt(text, i, literal)) {
                    spans.add(new Span(i, i + literal.length));
                }
            }
        }
        return spans;
    }

    private static boolean standsAt(FoldedText text, int at, int[] literal) {
        for (int i = 0; i < literal.length; i++) {
            if (text.at(at + i) != literal[i]) {
                return false;
            }
        }
        return at + literal.length <= text.length();
    }
}
