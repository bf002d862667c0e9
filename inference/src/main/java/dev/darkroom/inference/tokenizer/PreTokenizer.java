// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The pre-tokenizers of Hugging Face tokenizers: parts what the model takes one by one. None gives an empty piece. */
@FunctionalInterface
interface PreTokenizer {
    /**
     * A part of a text.
     *
     * @param first whether the text begins with it
     */
    record Piece(String text, boolean first) {}

    /** GPT-2's. */
    Pattern BYTE_LEVEL = Pattern.compile(
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
            Pattern.UNICODE_CHARACTER_CLASS);

    Pattern SPACES = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);

    List<Piece> split(Piece piece);

    static PreTokenizer of(JsonNode preTokenizer) {
        return switch (JsonComponent.type(preTokenizer, "none")) {
            case "none" -> List::of;
            case "Sequence" -> {
                PreTokenizer all = List::of;
                for (JsonNode step : preTokenizer.path("pretokenizers")) {
                    PreTokenizer before = all;
                    PreTokenizer next = of(step);
                    all = piece -> before.split(piece).stream()
                            .flatMap(part -> next.split(part).stream())
                            .toList();
                }
                yield all;
            }
            case "WhitespaceSplit" -> piece -> parts(piece, SPACES, false, true);
            case "Split" -> split(preTokenizer);
            case "ByteLevel" -> byteLevel(preTokenizer);
            case "Metaspace" -> metaspace(preTokenizer);
            default -> throw JsonComponent.unknown("pre_tokenizer", preTokenizer);
        };
    }

    private static PreTokenizer split(JsonNode options) {
        Pattern pattern = JsonComponent.pattern(options.path("pattern"));
        boolean invert = options.path("invert").asBoolean(false);
        return switch (options.path("behavior").asText()) {
            case "Removed" -> piece -> parts(piece, pattern, invert, !invert);
            case "Isolated" -> piece -> parts(piece, pattern, true, true);
            default -> throw new IllegalArgumentException("Split with behavior = " + options.path("behavior"));
        };
    }

    /** Returns matches, or what lies between them, or both. */
    private static List<Piece> parts(Piece piece, Pattern pattern, boolean matches, boolean between) {
        List<Piece> parts = new ArrayList<>();
        Matcher match = pattern.matcher(piece.text);
        int end = 0;
        while (match.find()) {
            add(parts, piece, end, between ? match.start() : end);
            add(parts, piece, match.start(), matches ? match.end() : match.start());
            end = match.end();
        }
        add(parts, piece, end, between ? piece.text.length() : end);
        return parts;
    }

    private static void add(List<Piece> parts, Piece piece, int start, int end) {
        if (end > start) {
            parts.add(new Piece(piece.text.substring(start, end), piece.first && start == 0));
        }
    }

    /** That the bytes become printable characters is the model's concern here. */
    private static PreTokenizer byteLevel(JsonNode options) {
        boolean prefix = options.path("add_prefix_space").asBoolean(true);
        boolean parted = options.path("use_regex").asBoolean(true);
        return piece -> {
            boolean prefixed = prefix && !piece.text.startsWith(" ");
            Piece whole = prefixed ? new Piece(" " + piece.text, piece.first) : piece;
            return parted ? parts(whole, BYTE_LEVEL, true, true) : List.of(whole);
        };
    }

    private static PreTokenizer metaspace(JsonNode options) {
        String mark = options.path("replacement").asText("\u2581");
        String scheme = options.path("add_prefix_space").asBoolean(true)
                ? options.path("prepend_scheme").asText("always")
                : "never";
        boolean parted = options.path("split").asBoolean(true);
        Pattern word = Pattern.compile("(?:^|" + Pattern.quote(mark) + ")[^" + Pattern.quote(mark) + "]*");
        return piece -> {
            String text = piece.text.replace(" ", mark);
            boolean prefixed = !text.startsWith(mark)
                    && switch (scheme) {
                        case "always" -> true;
                        case "first" -> piece.first;
                        default -> false;
                    };
            Piece whole = new Piece(prefixed ? mark + text : text, piece.first);
            return parted ? parts(whole, word, true, true) : List.of(whole);
        };
    }
}
