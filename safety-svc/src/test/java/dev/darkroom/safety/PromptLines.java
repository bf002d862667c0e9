// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.safety;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The prompts of a test resource: one a line, # for comments, {@code \\u200B} and {@code \\u{1F600}} for characters that cannot be seen. */
final class PromptLines {

    private static final Pattern ESCAPE = Pattern.compile("\\\\u(?:\\{([0-9A-F]+)}|([0-9A-F]{4}))");

    private PromptLines() {}

    static List<String> of(String name) {
        try (var stream =
                Objects.requireNonNull(PromptLines.class.getResourceAsStream("/safety-svc/prompts/" + name))) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("# "))
                    .map(PromptLines::unescape)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String unescape(String line) {
        return ESCAPE.matcher(line).replaceAll(match -> {
            String digits = match.group(1) == null ? match.group(2) : match.group(1);
            return Matcher.quoteReplacement(new String(new int[] {Integer.parseInt(digits, 16)}, 0, 1));
        });
    }
}
