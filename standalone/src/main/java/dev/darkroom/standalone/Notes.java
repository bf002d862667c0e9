// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.media.v1.Warning;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What people should know of a result before they read the rest of it. */
final class Notes {
    private Notes() {}

    static void print(List<Warning> warnings, StringBuilder text) {
        warnings.forEach(it -> text.append("note: ").append(it.getMessage()).append('\n'));
    }

    /** Tells of files that were not worked on, and why. */
    static void refused(Map<Path, String> refused, StringBuilder text) {
        refused.values().forEach(why -> text.append("note: ").append(why).append('\n'));
    }

    static String pictures(int count) {
        return count == 1 ? "1 picture" : count + " pictures";
    }

    static void print(List<Warning> warnings, List<Picture> pictures, StringBuilder text) {
        print(warnings, text);
        if (pictures.stream().anyMatch(Picture::isUnchecked)) {
            text.append("note: Nobody looked at what these pictures show: no model for that is loaded.\n");
        }
    }
}
