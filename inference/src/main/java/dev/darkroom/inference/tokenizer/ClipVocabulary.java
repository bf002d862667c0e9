// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.darkroom.inference.ModelDirectoryException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What a tokenizer folder says, in either of its two forms. */
record ClipVocabulary(
        Map<String, Integer> ids,
        List<String[]> merges,
        Pattern specials,
        int start,
        int end,
        int padding,
        int unknown,
        long modelMaxLength) {
    private static final JsonMapper JSON = new JsonMapper();

    /** How many merges {@code CLIPTokenizer} reads at most, whatever the file holds. */
    private static final int MAX_MERGES = 49152 - 256 - 2;

    static ClipVocabulary read(Path folder) {
        JsonNode config = json(folder, "tokenizer_config.json");
        Map<String, Integer> ids = new HashMap<>();
        List<String[]> merges;
        if (Files.exists(folder.resolve("vocab.json"))) {
            readIds(json(folder, "vocab.json"), ids);
            merges = mergeLines(folder);
        } else {
            JsonNode model = json(folder, "tokenizer.json").path("model");
            readIds(model.path("vocab"), ids);
            merges = mergeNodes(model.path("merges"));
        }
        Set<String> specials = new LinkedHashSet<>();
        config.path("added_tokens_decoder").properties().forEach(added -> {
            String content = added.getValue().path("content").asText();
            ids.putIfAbsent(content, Integer.valueOf(added.getKey()));
            specials.add(content);
        });
        JsonNode names = Files.exists(folder.resolve("special_tokens_map.json"))
                ? json(folder, "special_tokens_map.json")
                : JSON.createObjectNode();
        int start = special("bos_token", "<|startoftext|>", names, config, ids, specials);
        int end = special("eos_token", "<|endoftext|>", names, config, ids, specials);
        int padding = special("pad_token", "<|endoftext|>", names, config, ids, specials);
        int unknown = special("unk_token", "<|endoftext|>", names, config, ids, specials);
        return new ClipVocabulary(
                ids,
                merges,
                anyOf(specials),
                start,
                end,
                padding,
                unknown,
                config.path("model_max_length").asLong(Long.MAX_VALUE));
    }

    int id(String token) {
        return ids.getOrDefault(token, unknown);
    }

    int size() {
        return ids.values().stream().mapToInt(Integer::intValue).max().orElse(-1) + 1;
    }

    private static void readIds(JsonNode vocabulary, Map<String, Integer> ids) {
        vocabulary
                .properties()
                .forEach(entry -> ids.put(entry.getKey(), entry.getValue().asInt()));
    }

    /** One pair a line after a version line. */
    private static List<String[]> mergeLines(Path folder) {
        try {
            return Files.readString(folder.resolve("merges.txt"))
                    .strip()
                    .lines()
                    .skip(1)
                    .limit(MAX_MERGES)
                    .map(line -> line.strip().split("\\s+"))
                    .filter(pair -> pair.length == 2)
                    .toList();
        } catch (IOException e) {
            throw refuse("merges.txt", "one pair of symbols a line", "nothing readable");
        }
    }

    /** {@code "a b"} in older files, {@code ["a", "b"]} in newer ones. */
    private static List<String[]> mergeNodes(JsonNode nodes) {
        List<String[]> merges = new ArrayList<>();
        for (JsonNode node : nodes) {
            merges.add(
                    node.isArray()
                            ? new String[] {node.path(0).asText(), node.path(1).asText()}
                            : node.asText().split(" ", 2));
        }
        return merges;
    }

    /** A special token is a string, or an object with a {@code content}; its id must be known. */
    private static int special(
            String name,
            String usual,
            JsonNode names,
            JsonNode config,
            Map<String, Integer> ids,
            Set<String> specials) {
        JsonNode node = config.hasNonNull(name) ? config.path(name) : names.path(name);
        String content = node.isObject() ? node.path("content").asText() : node.asText(usual);
        Integer id = ids.get(content);
        if (id == null) {
            throw refuse("tokenizer_config.json " + name, "a token of the vocabulary", content);
        }
        specials.add(content);
        return id;
    }

    private static Pattern anyOf(Set<String> contents) {
        return Pattern.compile(contents.stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .map(Pattern::quote)
                .collect(Collectors.joining("|")));
    }

    private static JsonNode json(Path folder, String name) {
        try {
            return JSON.readTree(folder.resolve(name).toFile());
        } catch (IOException e) {
            throw refuse(name, "a readable JSON file", "none");
        }
    }

    private static ModelDirectoryException refuse(String subject, String expected, String found) {
        return new ModelDirectoryException("tokenizer", subject, expected, found);
    }
}
