// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.text;

import java.util.List;

/**
 * A word of a text.
 *
 * @param forms what the word may be: as folded, as written where that differs, and the words of a policy it is a disguise of
 * @param start its first character in the folded text
 * @param end the character after its last
 * @param afterBreak whether punctuation that ends a phrase stands between it and the word before
 */
record Word(List<String> forms, int start, int end, boolean afterBreak) {

    Word {
        forms = List.copyOf(forms);
    }

    /** Says where the word is, never what it is. */
    @Override
    public String toString() {
        return "Word[" + start + ", " + end + "]";
    }
}
