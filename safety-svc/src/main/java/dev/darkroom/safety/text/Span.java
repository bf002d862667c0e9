// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.text;

/** A stretch of a text: from index {@code start} up to and without {@code end}. The caller says of what (folded or original code points). */
public record Span(int start, int end) {

    public Span {
        if (start < 0 || end <= start) {
            throw new IllegalArgumentException("empty or negative span " + start + " to " + end);
        }
    }

    /** Whether {@code other} lies inside this span. */
    public boolean covers(Span other) {
        return start <= other.start && other.end <= end;
    }
}
