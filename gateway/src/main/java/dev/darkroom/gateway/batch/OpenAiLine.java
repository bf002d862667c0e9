// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.batch;

import dev.darkroom.gateway.batch.Value.Mapping;
import dev.darkroom.gateway.batch.Value.Nothing;
import dev.darkroom.gateway.batch.Value.Scalar;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A line of an input file of OpenAI's Batch API ({@code custom_id}, {@code method}, {@code url}, {@code body}) as an entry of ours. */
final class OpenAiLine {
    private static final String IMAGES = "/v1/images/generations";
    private static final Pattern SIZE = Pattern.compile("(\\d{1,5})x(\\d{1,5})");

    /** Their own models' names stand for whatever the server draws with. */
    private static final Pattern THEIR_MODEL = Pattern.compile("(gpt-image-|dall-e-|chatgpt-).*");

    private static final Set<String> ENVELOPE = Set.of("custom_id", "method", "url", "body");

    /** What asks for a form of answer that a batch gives anyway, or for nothing that a seed would show. */
    private static final Set<String> WITHOUT_EFFECT = Set.of(
            "response_format",
            "user",
            "quality",
            "style",
            "background",
            "moderation",
            "output_format",
            "output_compression",
            "stream",
            "partial_images");

    private OpenAiLine() {}

    static boolean is(Mapping entry) {
        return entry.values().containsKey("custom_id") && entry.values().containsKey("body");
    }

    static Mapping translate(Mapping entry, List<ManifestError> errors) {
        entry.values().forEach((key, value) -> {
            if (!ENVELOPE.contains(key)) {
                errors.add(
                        error(value, key, "is not known in a line of this kind; known: custom_id, method, url, body"));
            }
        });
        require(entry, "method", "POST", errors);
        require(entry, "url", IMAGES, errors);
        Map<String, Value> values = new LinkedHashMap<>();
        values.put("id", entry.values().get("custom_id"));
        if (entry.values().get("body") instanceof Mapping body) {
            body.values().forEach((key, value) -> translate(key, value, values, errors));
        } else {
            errors.add(error(entry, "body", "must be an object"));
        }
        return new Mapping(entry.line(), entry.column(), values);
    }

    private static void translate(String key, Value value, Map<String, Value> values, List<ManifestError> errors) {
        if (WITHOUT_EFFECT.contains(key)) {
            return;
        }
        String text = value instanceof Scalar scalar ? scalar.text() : "";
        switch (key) {
            case "n" -> values.put("num_images_per_prompt", value);
            case "model" -> {
                if (!THEIR_MODEL.matcher(text).matches()) {
                    values.put(key, value);
                }
            }
            case "size" -> size(text, value, values, errors);
            default -> values.put(key, value);
        }
    }

    private static void size(String text, Value value, Map<String, Value> values, List<ManifestError> errors) {
        Matcher size = SIZE.matcher(text);
        if (size.matches()) {
            values.put("width", new Scalar(value.line(), value.column(), size.group(1), false));
            values.put("height", new Scalar(value.line(), value.column(), size.group(2), false));
        } else if (!text.equals("auto") && !(value instanceof Nothing)) {
            errors.add(error(value, "size", "must be auto, or width and height such as 64x64"));
        }
    }

    private static void require(Mapping entry, String key, String expected, List<ManifestError> errors) {
        Value value = entry.values().get(key);
        if (!(value instanceof Scalar scalar) || !scalar.text().equals(expected)) {
            errors.add(error(value == null ? entry : value, key, "must be " + expected));
        }
    }

    private static ManifestError error(Value value, String field, String message) {
        return new ManifestError(value.line(), value.column(), field, message);
    }
}
