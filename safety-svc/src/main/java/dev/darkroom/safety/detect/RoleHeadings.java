// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.detect;

import dev.darkroom.safety.text.FoldedText;
import dev.darkroom.safety.text.Span;
import java.util.ArrayList;
import java.util.List;

/** Lines that open with the name of a chat's role and a colon, as if someone else were speaking: {@code ### System: ...}. */
final class RoleHeadings {

    private static final List<String> ROLES = List.of("system", "assistant", "developer", "system prompt");

    private RoleHeadings() {}

    static List<Span> in(FoldedText text) {
        List<Span> spans = new ArrayList<>();
        boolean lineStart = true;
        for (int i = 0; i < text.originalLength(); i++) {
            int c = text.originalAt(i);
            if (c == '\n' || c == '\r') {
                lineStart = true;
            } else if (lineStart && c != ' ' && c != '#' && c != '*') {
                addHeading(text, i, spans);
                lineStart = false;
            }
        }
        return spans;
    }

    private static void addHeading(FoldedText text, int start, List<Span> spans) {
        for (String role : ROLES) {
            int end = start + role.length();
            if (text.originalAt(end) == ':' && standsAt(text, start, role)) {
                spans.add(new Span(start, end + 1));
            }
        }
    }

    private static boolean standsAt(FoldedText text, int start, String role) {
        for (int i = 0; i < role.length(); i++) {
            if (Character.toLowerCase(text.originalAt(start + i)) != role.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
