// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

/** Makes a value that came from outside fit for a message: short, on one line, without control characters. */
final class Echo {

    private static final int MAX_CODE_POINTS = 64;

    private Echo() {}

    static String of(Object value) {
        String text = String.valueOf(value);
        StringBuilder echo = new StringBuilder();
        text.codePoints().limit(MAX_CODE_POINTS).forEach(codePoint -> append(echo, codePoint));
        return text.codePointCount(0, text.length()) > MAX_CODE_POINTS
                ? echo.append("...").toString()
                : echo.toString();
    }

    private static void append(StringBuilder echo, int codePoint) {
        switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> echo.append(String.format("\\u%04x", codePoint));
            default -> echo.appendCodePoint(codePoint);
        }
    }
}
