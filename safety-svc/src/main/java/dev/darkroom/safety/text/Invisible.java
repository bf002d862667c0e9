// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.text;

/** Characters that draw nothing: zero-width joiners, direction controls, soft hyphens, variation selectors, tags, fillers, control codes. */
public final class Invisible {

    private Invisible() {}

    /** Whether {@code codePoint} draws nothing and is no white space. Combining marks are not invisible. */
    public static boolean is(int codePoint) {
        return switch (codePoint) {
            case 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, 0x2800 ->
                true; // joiner, fillers, inherent vowels, empty Braille
            default -> isVariationSelector(codePoint) || isTag(codePoint) || isFormatOrControl(codePoint);
        };
    }

    private static boolean isFormatOrControl(int codePoint) {
        int type = Character.getType(codePoint);
        return type == Character.FORMAT || (type == Character.CONTROL && !Character.isWhitespace(codePoint));
    }

    /** Whether {@code codePoint} chooses a glyph of the character before it. */
    public static boolean isVariationSelector(int codePoint) {
        return (codePoint >= 0xFE00 && codePoint <= 0xFE0F)
                || (codePoint >= 0xE0100 && codePoint <= 0xE01EF)
                || (codePoint >= 0x180B && codePoint <= 0x180F);
    }

    /** Whether {@code codePoint} is an invisible copy of ASCII. */
    public static boolean isTag(int codePoint) {
        return codePoint >= 0xE0000 && codePoint <= 0xE007F;
    }
}
