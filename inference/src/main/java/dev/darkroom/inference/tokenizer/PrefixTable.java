// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** Finds which of many strings a text has at an index: sorted, a range of them narrows character by character. */
final class PrefixTable {
    /** Takes where a string that was found ends and which it is; the shortest first. */
    interface Found {
        void at(int end, int index);
    }

    private final String[] strings;
    private final int[] indices;

    PrefixTable(List<String> unsorted) {
        Integer[] order = new Integer[unsorted.size()];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, Comparator.comparing(unsorted::get));
        indices = Arrays.stream(order).mapToInt(Integer::intValue).toArray();
        strings = Arrays.stream(order).map(unsorted::get).toArray(String[]::new);
    }

    void find(String text, int from, Found found) {
        int low = 0;
        int high = strings.length;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            low = first(low, high, i - from, c);
            high = first(low, high, i - from, c + 1);
            if (low == high) {
                return;
            }
            if (strings[low].length() == i + 1 - from) {
                found.at(i + 1, indices[low]);
            }
        }
    }

    /** Returns the first in a range of strings with the same beginning whose next character is not less than one. */
    private int first(int from, int to, int position, int character) {
        int low = from;
        int high = to;
        while (low < high) {
            int middle = (low + high) >>> 1;
            String string = strings[middle];
            if (string.length() <= position || string.charAt(position) < character) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
