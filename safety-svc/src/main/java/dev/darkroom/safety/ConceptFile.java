// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.onnx.ClipModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads {@code concepts.json}; the module's README describes it. Whatever does not fit is refused, naming the field, because a misspelt
 * concept protects nobody.
 */
final class ConceptFile {

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private static final Set<String> FILE_KEYS = Set.of("special_care_margin", "concepts");
    private static final Set<String> CONCEPT_KEYS =
            Set.of("name", "category", "special_care", "threshold", "embedding", "prompts");

    private final ClipModel model;
    private final Set<String> names = new HashSet<>();

    private ConceptFile(ClipModel model) {
        this.model = model;
    }

    /** The bytes of the file. */
    static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new ModelDirectoryException("concepts", file.toString(), "a readable file", "none");
        }
    }

    /**
     * The concepts of a file, where they are texts embedded by {@code model}.
     *
     * @throws ModelDirectoryException when it does not fit
     */
    static Concepts parse(byte[] file, ClipModel model) {
        JsonNode root = json(file);
        requireKeys(root, "the file", FILE_KEYS);
        JsonNode concepts = root.path("concepts");
        require(concepts.isArray() && !concepts.isEmpty(), "concepts", "a list of at least one concept", concepts);
        ConceptFile reader = new ConceptFile(model);
        List<Concept> all = new ArrayList<>();
        for (int i = 0; i < concepts.size(); i++) {
            all.add(reader.concept(concepts.get(i), "concepts[" + i + "]"));
        }
        return new Concepts(margin(root.path("special_care_margin")), all);
    }

    private static JsonNode json(byte[] file) {
        try {
            return JSON.readTree(file);
        } catch (JsonProcessingException e) {
            String position = e.getLocation() == null
                    ? "its start"
                    : "line " + e.getLocation().getLineNr();
            throw new ModelDirectoryException("concepts", "the file", "JSON", "an error at " + position);
        } catch (IOException e) {
            throw new ModelDirectoryException("concepts", "the file", "JSON", "an I/O error");
        }
    }

    private static double margin(JsonNode margin) {
        require(
                margin.isMissingNode() || isNumber(margin, 0, 1),
                "special_care_margin",
                "a number from 0 to 1",
                margin);
        return margin.asDouble(0.01);
    }

    private Concept concept(JsonNode node, String at) {
        requireKeys(node, at, CONCEPT_KEYS);
        JsonNode name = node.path("name");
        require(isText(name) && names.add(name.asText()), at + ".name", "a name that no other concept has", name);
        require(isText(node.path("category")), at + ".category", "a category of the policies", node.path("category"));
        JsonNode care = node.path("special_care");
        require(care.isMissingNode() || care.isBoolean(), at + ".special_care", "true or false", care);
        JsonNode threshold = node.path("threshold");
        require(isNumber(threshold, -1, 1), at + ".threshold", "a number from -1 to 1", threshold);
        return new Concept(
                name.asText(),
                node.path("category").asText(),
                care.asBoolean(),
                threshold.asDouble(),
                embedding(node, at));
    }

    private float[] embedding(JsonNode node, String at) {
        require(
                node.has("embedding") != node.has("prompts"),
                at,
                "either an embedding or prompts",
                node.has("prompts") ? "both" : "neither");
        return node.has("prompts")
                ? ofPrompts(node.path("prompts"), at + ".prompts")
                : unit(numbers(node.path("embedding"), at + ".embedding"), at + ".embedding");
    }

    private float[] numbers(JsonNode node, String at) {
        int width = model.width();
        require(node.isArray() && node.size() == width, at, width + " numbers (projection_dim)", node.size());
        float[] numbers = new float[width];
        for (int i = 0; i < width; i++) {
            require(node.get(i).isNumber(), at, "numbers", node.get(i));
            numbers[i] = node.get(i).floatValue();
        }
        return numbers;
    }

    /** The mean of what the texts mean. */
    private float[] ofPrompts(JsonNode node, String at) {
        require(node.isArray() && !node.isEmpty(), at, "a list of at least one text", node);
        require(
                model.readsText(),
                at,
                "a model with a text tower",
                model.directory().name() + " without one");
        float[] sum = new float[model.width()];
        for (JsonNode prompt : node) {
            require(isText(prompt), at, "texts", prompt);
            float[] embedding = model.embedText(prompt.asText(), new Cancellation());
            for (int i = 0; i < sum.length; i++) {
                sum[i] += embedding[i];
            }
        }
        return unit(sum, at);
    }

    private static float[] unit(float[] numbers, String at) {
        double squares = 0;
        for (float number : numbers) {
            squares += (double) number * number;
        }
        double length = Math.sqrt(squares);
        require(length > 0 && length < Double.POSITIVE_INFINITY, at, "a direction", "length " + length);
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) (numbers[i] / length);
        }
        return numbers;
    }

    private static void requireKeys(JsonNode node, String at, Set<String> known) {
        require(node.isObject(), at, "a JSON object", node.getNodeType());
        node.fieldNames()
                .forEachRemaining(key -> require(
                        known.contains(key),
                        at,
                        "no key beside " + known.stream().sorted().toList(),
                        key));
    }

    private static boolean isText(JsonNode node) {
        return node.isTextual() && !node.asText().isBlank();
    }

    private static boolean isNumber(JsonNode node, double min, double max) {
        return node.isNumber() && node.asDouble() >= min && node.asDouble() <= max;
    }

    private static void require(boolean condition, String subject, String expected, Object found) {
        if (!condition) {
            String shown = found instanceof JsonNode node && node.isMissingNode() ? "none" : found.toString();
            throw new ModelDirectoryException("concepts", subject, expected, shown);
        }
    }
}
