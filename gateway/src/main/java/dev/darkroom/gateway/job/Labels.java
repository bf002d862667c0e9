// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Labels in one column, {@code |key=value|key=value|}, in which one of them is found as it is written there. */
final class Labels {
    static final int MAX = 16;
    static final Pattern KEY = Pattern.compile("[a-z][a-z0-9_-]{0,62}");
    static final Pattern VALUE = Pattern.compile("[a-zA-Z0-9_.-]{0,63}");

    private Labels() {}

    static String format(Map<String, String> labels) {
        return labels.isEmpty()
                ? ""
                : new TreeMap<>(labels)
                        .entrySet().stream()
                                .map(label -> label.getKey() + "=" + label.getValue())
                                .collect(Collectors.joining("|", "|", "|"));
    }

    static Map<String, String> parse(String text) {
        Map<String, String> labels = new TreeMap<>();
        Arrays.stream(text.split("\\|")).filter(label -> !label.isEmpty()).forEach(label -> {
            int equals = label.indexOf('=');
            labels.put(label.substring(0, equals), label.substring(equals + 1));
        });
        return labels;
    }
}
