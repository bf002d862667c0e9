// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.batch;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.darkroom.gateway.batch.Value.Mapping;
import dev.darkroom.gateway.batch.Value.Nothing;
import dev.darkroom.gateway.batch.Value.Scalar;
import dev.darkroom.gateway.batch.Value.Sequence;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Some of the entries of a manifest, in its own format. */
final class ManifestSubset {
    private ManifestSubset() {}

    static String of(String text, ManifestFormat format, Set<Integer> lines) {
        ManifestReader.Entries read = ManifestReader.read(text, format, new ArrayList<>());
        return switch (format) {
            case JSONL, CSV -> lines(text, read.entries(), lines);
            case YAML -> yaml(read, lines);
        };
    }

    /** What stands before the first entry (defaults, header) and the lines of each wanted one, as they are. */
    private static String lines(String text, List<Mapping> entries, Set<Integer> wanted) {
        List<String> all = text.lines().toList();
        StringBuilder subset = new StringBuilder();
        append(all, 1, entries.getFirst().line(), subset);
        for (int i = 0; i < entries.size(); i++) {
            int line = entries.get(i).line();
            int next = i + 1 < entries.size() ? entries.get(i + 1).line() : all.size() + 1;
            if (wanted.contains(line)) {
                append(all, line, next, subset);
            }
        }
        return subset.toString();
    }

    private static void append(List<String> lines, int from, int to, StringBuilder subset) {
        IntStream.range(from, to)
                .mapToObj(line -> lines.get(line - 1))
                .filter(line -> !line.isBlank())
                .forEach(line -> subset.append(line).append('\n'));
    }

    /** Each entry on a line, in the JSON that is YAML too. */
    private static String yaml(ManifestReader.Entries read, Set<Integer> wanted) {
        String items = read.entries().stream()
                .filter(entry -> wanted.contains(entry.line()))
                .map(entry -> "  - " + json(entry) + "\n")
                .collect(Collectors.joining());
        return "defaults: " + json(read.defaults()) + "\nitems:\n" + items;
    }

    private static String json(Value value) {
        return switch (value) {
            case Nothing _ -> "null";
            case Scalar scalar -> scalar.isText() ? quoted(scalar.text()) : scalar.text();
            case Sequence sequence ->
                sequence.values().stream().map(ManifestSubset::json).collect(Collectors.joining(", ", "[", "]"));
            case Mapping mapping ->
                mapping.values().entrySet().stream()
                        .map(field -> quoted(field.getKey()) + ": " + json(field.getValue()))
                        .collect(Collectors.joining(", ", "{", "}"));
        };
    }

    private static String quoted(String text) {
        return '"' + new String(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
    }
}
