// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Words and phrases that come twice in a row, which decoders fall into: "a fox a fox in the snow". */
final class Repetitions {
    private Repetitions() {}

    /** Leaves one of each run of equal phrases, whatever their case and the commas between them. */
    static String remove(String text) {
        List<String> words = new ArrayList<>(List.of(text.strip().split("\\s+")));
        for (int length = words.size() / 2; length > 0; length--) {
            for (int start = 0; start + 2 * length <= words.size(); ) {
                if (isRepeated(words, start, length)) {
                    words.subList(start, start + length).clear();
                } else {
                    start++;
                }
            }
        }
        return String.join(" ", words);
    }

    private static boolean isRepeated(List<String> words, int start, int length) {
        for (int i = start; i < start + length; i++) {
            if (!plain(words.get(i)).equals(plain(words.get(i + length)))) {
                return false;
            }
        }
        return true;
    }

    private static String plain(String word) {
        return word.toLowerCase(Locale.ROOT).replaceAll("[,.;]+$", "");
    }
}
