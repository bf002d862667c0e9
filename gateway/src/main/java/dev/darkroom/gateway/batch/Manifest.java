// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.batch;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a manifest asks for, as a whole: defaults, templates and grids resolved, every mistake found. Ranges of values that depend on what is loaded
 * are the server's to check. Pure: reads no file, calls nobody.
 *
 * @param items in the order of the manifest; of no use where there are errors
 * @param errors in the order of the lines
 */
public record Manifest(List<ManifestItem> items, List<ManifestError> errors) {
    /** More could not be held in memory as requests. */
    public static final int MAX_ITEMS = 100_000;

    public Manifest {
        items = List.copyOf(items);
        errors = List.copyOf(errors);
    }

    /** Reads and plans a manifest in UTF-8, with or without byte order mark, with lines that end in LF or CRLF. */
    public static Manifest plan(byte[] bytes, ManifestFormat format) {
        List<ManifestError> errors = new ArrayList<>();
        Optional<String> text = text(bytes, errors);
        Planner planner = new Planner(errors);
        text.ifPresent(it -> planner.plan(ManifestReader.read(it, format, errors)));
        errors.sort((a, b) -> a.line() == b.line() ? a.column() - b.column() : a.line() - b.line());
        return new Manifest(planner.items(), errors);
    }

    /** How many requests are to be made: identical items once. */
    public long distinct() {
        return items.stream().filter(item -> item.original() == item.index()).count();
    }

    /**
     * Returns the entries on some lines of a manifest without errors, with its defaults, as a manifest in the same format.
     *
     * @param lines on which the entries begin, as {@link ManifestItem#line}
     */
    public static String subset(byte[] bytes, ManifestFormat format, Set<Integer> lines) {
        return ManifestSubset.of(text(bytes, new ArrayList<>()).orElseThrow(), format, lines);
    }

    private static Optional<String> text(byte[] bytes, List<ManifestError> errors) {
        CharsetDecoder utf8 = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        try {
            String text = utf8.decode(buffer).toString();
            return Optional.of(text.startsWith("\uFEFF") ? text.substring(1) : text);
        } catch (CharacterCodingException _) {
            int line = 1;
            for (int i = 0; i < buffer.position(); i++) {
                line += bytes[i] == '\n' ? 1 : 0;
            }
            errors.add(new ManifestError(line, 1, "", "must be UTF-8"));
            return Optional.empty();
        }
    }
}
