// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

/** What Python's strings of code points do without. */
final class Utf16 {
    private Utf16() {}

    /** Returns the text with U+FFFD for each surrogate that has no partner. */
    static String wellFormed(String text) {
        if (text.codePoints().noneMatch(Utf16::isSurrogate)) {
            return text;
        }
        StringBuilder whole = new StringBuilder(text.length());
        text.codePoints().forEach(c -> whole.appendCodePoint(isSurrogate(c) ? 0xfffd : c));
        return whole.toString();
    }

    private static boolean isSurrogate(int c) {
        return Character.getType(c) == Character.SURROGATE;
    }
}
