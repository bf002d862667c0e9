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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The files of a tokenizer folder beside the vocabulary, read as {@code PreTrainedTokenizerBase._from_pretrained} reads them: where {@code
 * tokenizer_config.json} has {@code added_tokens_decoder}, it alone counts; otherwise {@code special_tokens_map.json} overrides it
 * and {@code added_tokens.json} and {@code tokenizer.json} add tokens.
 */
final class TokenizerFolder {
    private static final JsonMapper JSON = new JsonMapper();
    /** In the order in which new ones get ids. */
    private static final List<String> SPECIAL =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");

    private final Path folder;
    private final JsonNode config;
    private final JsonNode names;
    private final boolean complete;

    TokenizerFolder(Path folder) {
        this.folder = folder;
        this.config = optional("tokenizer_config.json");
        this.names = optional("special_tokens_map.json");
        this.complete = config.has("added_tokens_decoder");
        for (String side : List.of("padding_side", "truncation_side")) {
            if (!config.path(side).asText("right").equals("right")) {
                throw refuse(
                        "tokenizer_config.json " + side,
                        "right",
                        config.path(side).asText());
            }
        }
    }

    boolean has(String file) {
        return Files.isRegularFile(folder.resolve(file));
    }

    JsonNode json(String file) {
        try {
            return JSON.readTree(folder.resolve(file).toFile());
        } catch (IOException e) {
            throw refuse(file, "a readable JSON file", has(file) ? "something else" : "none");
        }
    }

    private JsonNode optional(String file) {
        return has(file) ? json(file) : JSON.createObjectNode();
    }

    /** Reads a file that must be there, and says what it should hold if it is not. */
    byte[] bytes(String file, String expected) {
        try {
            return Files.readAllBytes(folder.resolve(file));
        } catch (IOException e) {
            throw refuse(file, expected, "nothing readable");
        }
    }

    /** Returns {@code model_max_length}, which transformers writes as 1e30 where there is none. */
    int window(int limit) {
        return (int) Math.min(limit, config.path("model_max_length").asDouble(Double.MAX_VALUE));
    }

    JsonNode setting(String name) {
        return !complete && names.has(name) ? names.path(name) : config.path(name);
    }

    /**
     * Returns the tokens to look for in a text, by content.
     *
     * @param own what the tokenizer's class or its {@code tokenizer.json} adds
     * @param usual what the class calls its special tokens, by setting
     * @param vocabulary the id of a token, null if there is none
     */
    Map<String, AddedToken> added(
            List<AddedToken> own, Map<String, String> usual, Function<String, @Nullable Integer> vocabulary) {
        Map<Integer, AddedToken> byId = new LinkedHashMap<>();
        own.forEach(token -> byId.put(token.id(), token));
        listed().forEach(token -> byId.put(token.id(), token));
        Map<String, AddedToken> added = new LinkedHashMap<>();
        byId.values().forEach(token -> added.put(token.content(), token));
        for (String name : SPECIAL) {
            @Nullable String content = special(name, usual);
            if (content != null && !added.containsKey(content)) {
                Integer id = vocabulary.apply(content);
                if (id == null) {
                    throw refuse("tokenizer_config.json " + name, "a token of the vocabulary", content);
                }
                added.put(content, flagged(id, content, setting(name)));
            }
        }
        for (JsonNode token : setting("additional_special_tokens")) {
            String content = content(token);
            Integer id = vocabulary.apply(content);
            if (id != null) {
                added.putIfAbsent(content, flagged(id, content, token));
            }
        }
        return added;
    }

    private static AddedToken flagged(int id, String content, JsonNode token) {
        return token.isObject() ? AddedToken.of(id, token) : AddedToken.special(id, content);
    }

    private List<AddedToken> listed() {
        List<AddedToken> listed = new ArrayList<>();
        if (complete) {
            config.path("added_tokens_decoder")
                    .properties()
                    .forEach(token -> listed.add(AddedToken.of(Integer.parseInt(token.getKey()), token.getValue())));
            return listed;
        }
        optional("added_tokens.json")
                .properties()
                .forEach(token -> listed.add(
                        new AddedToken(token.getValue().asInt(), token.getKey(), false, false, false, false, true)));
        optional("tokenizer.json")
                .path("added_tokens")
                .forEach(token -> listed.add(AddedToken.of(token.path("id").asInt(), token)));
        return listed;
    }

    /** Returns the content of a special token, null if it has none. */
    @Nullable
    String special(String name, Map<String, String> usual) {
        JsonNode token = setting(name);
        return token.isTextual() || token.isObject() ? content(token) : usual.get(name);
    }

    int id(String name, Map<String, String> usual, Map<String, AddedToken> added) {
        return Objects.requireNonNull(added.get(Objects.requireNonNull(special(name, usual))))
                .id();
    }

    static String content(JsonNode token) {
        return token.isObject() ? token.path("content").asText() : token.asText();
    }

    /** Names the folder as {@code model_index.json} does, if it is a part of a model. */
    ModelDirectoryException refuse(String subject, String expected, String found) {
        String name = String.valueOf(folder.getFileName());
        return new ModelDirectoryException(name.startsWith("tokenizer") ? name : "tokenizer", subject, expected, found);
    }
}
