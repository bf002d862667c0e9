// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The normalizers of Hugging Face tokenizers. */
final class JsonNormalizer {
    private static final Pattern GRAPHEME = Pattern.compile("\\X");
    /** Bytes; a longer cluster is normalized character by character. */
    private static final int LONGEST_CLUSTER = 5;

    private JsonNormalizer() {}

    static UnaryOperator<String> of(JsonNode normalizer) {
        return switch (JsonComponent.type(normalizer, "none")) {
            case "none" -> UnaryOperator.identity();
            case "Sequence" -> {
                UnaryOperator<String> all = UnaryOperator.identity();
                for (JsonNode step : normalizer.path("normalizers")) {
                    UnaryOperator<String> before = all;
                    UnaryOperator<String> next = of(step);
                    all = text -> next.apply(before.apply(text));
                }
                yield all;
            }
            case "NFC" -> text -> Normalizer.normalize(text, Normalizer.Form.NFC);
            case "NFD" -> text -> Normalizer.normalize(text, Normalizer.Form.NFD);
            case "NFKC" -> text -> Normalizer.normalize(text, Normalizer.Form.NFKC);
            case "NFKD" -> text -> Normalizer.normalize(text, Normalizer.Form.NFKD);
            case "Lowercase" -> LowerCase::ofEach;
            case "Strip" ->
                strip(
                        normalizer.path("strip_left").asBoolean(true),
                        normalizer.path("strip_right").asBoolean(true));
            case "Prepend" -> {
                String prefix = normalizer.path("prepend").asText();
                yield text -> text.isEmpty() ? text : prefix + text;
            }
            case "Replace" -> {
                Pattern pattern = JsonComponent.pattern(normalizer.path("pattern"));
                String content =
                        Matcher.quoteReplacement(normalizer.path("content").asText());
                yield text -> pattern.matcher(text).replaceAll(content);
            }
            case "Precompiled" -> precompiled(normalizer.path("precompiled_charsmap"));
            default -> throw JsonComponent.unknown("normalizer", normalizer);
        };
    }

    private static UnaryOperator<String> strip(boolean left, boolean right) {
        return text -> {
            int start = left ? AddedTokens.spacesAtStart(text, 0, AddedTokens::isSpace) : 0;
            int end = text.length() - (right ? AddedTokens.spacesAtEnd(text, AddedTokens::isSpace) : 0);
            return start >= end ? "" : text.substring(start, end);
        };
    }

    private static UnaryOperator<String> precompiled(JsonNode base64) {
        try {
            CharacterMap characters = new CharacterMap(base64.binaryValue());
            return text -> normalize(text, characters);
        } catch (IOException e) {
            throw new IllegalArgumentException("a precompiled_charsmap that is not base64", e);
        }
    }

    /**
     * As the reference: the shortest rule that begins a cluster replaces the whole of it, marks included, unless the cluster is long.
     */
    private static String normalize(String text, CharacterMap characters) {
        StringBuilder out = new StringBuilder(text.length());
        Matcher cluster = GRAPHEME.matcher(text);
        while (cluster.find()) {
            String whole = cluster.group();
            CharacterMap.Match match = isShort(whole) ? characters.shortest(whole) : null;
            if (match == null) {
                whole.codePoints().mapToObj(Character::toString).forEach(c -> {
                    CharacterMap.Match rule = characters.shortest(c);
                    out.append(rule == null ? c : rule.replacement());
                });
            } else {
                out.append(match.replacement());
            }
        }
        return out.toString();
    }

    private static boolean isShort(String cluster) {
        return cluster.length() <= LONGEST_CLUSTER
                && cluster.getBytes(StandardCharsets.UTF_8).length <= LONGEST_CLUSTER;
    }
}
