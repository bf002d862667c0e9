// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.caption.v1.CaptionStyle;

/** Forms of words, as a user names them. */
enum Style {
    SHORT("short", CaptionStyle.CAPTION_STYLE_SHORT),
    DETAILED("detailed", CaptionStyle.CAPTION_STYLE_DETAILED),
    ALT_TEXT("alt-text", CaptionStyle.CAPTION_STYLE_ALT_TEXT);

    private final String name;
    private final CaptionStyle value;

    Style(String name, CaptionStyle value) {
        this.name = name;
        this.value = value;
    }

    CaptionStyle value() {
        return value;
    }

    /** What the command line takes. */
    @Override
    public String toString() {
        return name;
    }
}
