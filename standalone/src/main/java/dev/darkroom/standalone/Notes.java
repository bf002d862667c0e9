// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.media.v1.Warning;
import java.util.List;

/** What people should know of a result before they read the rest of it. */
final class Notes {
    private Notes() {}

    static void print(List<Warning> warnings, List<Picture> pictures, StringBuilder text) {
        warnings.forEach(it -> text.append("note: ").append(it.getMessage()).append('\n'));
        if (pictures.stream().anyMatch(Picture::isUnchecked)) {
            text.append("note: Nobody looked at what these pictures show: no model for that is loaded.\n");
        }
    }
}
