// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.generation;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.onnx.ModelDirectory;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What a model's folder says of generation: {@code generation_config.json}, and where that is missing, or lacks a token's id, the top level
 * of {@code config.json}, and then its {@code decoder}. What none of them says has transformers' default.
 *
 * @param settings of a request that leaves everything out; with one beam where the folder says nothing of beams
 * @param maxLength most tokens with start and prefix, 0 where {@code max_new_tokens} or nothing stands in the folder
 * @param startOfStyle tokens that begin captions of a style in place of the usual start: {@code style_to_start_token_id}, by names in lower case
 */
public record GenerationConfig(
        TokenRules rules, GenerationSettings settings, int maxLength, Map<String, Integer> startOfStyle) {
    /** transformers' {@code max_length} of a folder that does not say: then so many tokens are new ones. */
    private static final int USUAL_LENGTH = 20;

    public GenerationConfig {
        startOfStyle = Map.copyOf(startOfStyle);
    }

    /**
     * Reads the folder.
     *
     * @param vocabularySize ids are below it
     * @throws ModelDirectoryException if it names no start token, or an id beyond the vocabulary
     */
    public static GenerationConfig of(ModelDirectory directory, int vocabularySize) {
        JsonNode own = directory.generationConfig();
        JsonNode config = directory.config();
        JsonNode search = own.isEmpty() ? config : own;
        List<Integer> starts = first("decoder_start_token_id", own, config);
        if (starts.isEmpty()) {
            starts = first("bos_token_id", own, config);
        }
        if (starts.isEmpty()) {
            throw new ModelDirectoryException("folder", "decoder_start_token_id", "an id", "none");
        }
        TokenRules rules = TokenRules.of(starts.getFirst(), first("eos_token_id", own, config), search);
        Map<String, Integer> startOfStyle = new HashMap<>();
        own.path("style_to_start_token_id")
                .properties()
                .forEach(style -> startOfStyle.put(
                        style.getKey().toLowerCase(Locale.ROOT),
                        style.getValue().asInt()));
        requireKnown(rules, startOfStyle, vocabularySize);
        int newTokens = search.path("max_new_tokens").asInt(0);
        int maxLength = search.path("max_length").asInt(USUAL_LENGTH);
        boolean byLength = newTokens == 0 && maxLength != USUAL_LENGTH;
        GenerationSettings settings = settings(search, newTokens > 0 ? newTokens : byLength ? maxLength : USUAL_LENGTH);
        return new GenerationConfig(rules, settings, byLength ? maxLength : 0, startOfStyle);
    }

    private static List<Integer> first(String key, JsonNode own, JsonNode config) {
        return Stream.of(own, config, config.path("decoder"))
                .map(node -> TokenRules.ids(node.path(key)))
                .filter(ids -> !ids.isEmpty())
                .findFirst()
                .orElse(List.of());
    }

    private static void requireKnown(TokenRules rules, Map<String, Integer> startOfStyle, int vocabularySize) {
        Stream.of(
                        List.of(rules.decoderStartTokenId()),
                        rules.eosTokenId(),
                        rules.forcedEosTokenId(),
                        startOfStyle.values())
                .flatMap(Collection::stream)
                .filter(id -> id < 0 || id >= vocabularySize)
                .findFirst()
                .ifPresent(id -> {
                    throw new ModelDirectoryException(
                            "folder", "token ids of generation", "0 to " + (vocabularySize - 1), id.toString());
                });
    }

    private static GenerationSettings settings(JsonNode search, int newTokens) {
        return new GenerationSettings(
                Math.max(1, search.path("num_beams").asInt(1)),
                1,
                search.path("length_penalty").asDouble(1),
                earlyStopping(search.path("early_stopping")),
                search.path("no_repeat_ngram_size").asInt(0),
                search.path("repetition_penalty").asDouble(1),
                Math.min(newTokens, search.path("min_new_tokens").asInt(0)),
                newTokens,
                null);
    }

    /** Returns how tokens are drawn where a request says no more than that they are. */
    public static Sampling sampling(ModelDirectory directory) {
        JsonNode own = directory.generationConfig();
        JsonNode search = own.isEmpty() ? directory.config() : own;
        return new Sampling(
                search.path("temperature").asDouble(1),
                search.path("top_k").asInt(50),
                search.path("top_p").asDouble(1),
                0);
    }

    private static EarlyStopping earlyStopping(JsonNode node) {
        if (node.isTextual()) {
            return EarlyStopping.NEVER;
        }
        return node.asBoolean(false) ? EarlyStopping.TRUE : EarlyStopping.FALSE;
    }

    /** Returns what begins captions of a style, named in lower case. */
    public int start(String style) {
        return startOfStyle.getOrDefault(style, rules.decoderStartTokenId());
    }

    /** Returns the most new tokens of a request that does not say. */
    public int maxNewTokens(int promptLength) {
        return maxLength > 0 ? Math.max(1, maxLength - promptLength) : settings.maxNewTokens();
    }
}
