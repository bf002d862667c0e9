// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.generation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPInputStream;

/** What transformers gave on the folders of {@code darkroom_training.record_captions}. */
record RecordedCaptions(JsonNode json) {
    private static final Path FILE = Path.of("src/test/resources/golden/captions.json.gz");

    static RecordedCaptions read() throws IOException {
        try (InputStream in = new GZIPInputStream(Files.newInputStream(FILE))) {
            return new RecordedCaptions(new JsonMapper().readTree(in));
        }
    }

    /** Returns the cases of {@code searches} or {@code samples} on a folder. */
    List<JsonNode> cases(String kind, String folder) {
        return StreamSupport.stream(json.path(kind).spliterator(), false)
                .filter(recorded -> recorded.path("folder").asText().equals(folder))
                .toList();
    }

    /** Reads arguments of {@code generate} over what the folder says. */
    static TokenRules rules(JsonNode given, TokenRules folder) {
        TokenRules said = TokenRules.of(folder.decoderStartTokenId(), folder.eosTokenId(), given);
        List<Integer> ends = ids(given.path("eos_token_id"));
        return ends.isEmpty() ? said : TokenRules.of(folder.decoderStartTokenId(), ends, given);
    }

    static GenerationSettings settings(JsonNode given) {
        return settings(
                given,
                given.path("min_new_tokens").asInt(0),
                given.path("max_new_tokens").asInt());
    }

    static GenerationSettings settings(JsonNode given, int minNewTokens, int maxNewTokens) {
        JsonNode stopping = given.path("early_stopping");
        return new GenerationSettings(
                given.path("num_beams").asInt(1),
                given.path("num_return_sequences").asInt(1),
                given.path("length_penalty").asDouble(1),
                stopping.isTextual()
                        ? EarlyStopping.NEVER
                        : stopping.asBoolean() ? EarlyStopping.TRUE : EarlyStopping.FALSE,
                given.path("no_repeat_ngram_size").asInt(0),
                given.path("repetition_penalty").asDouble(1),
                minNewTokens,
                maxNewTokens,
                null);
    }

    static List<Integer> ids(JsonNode list) {
        List<Integer> ids = new ArrayList<>();
        list.forEach(id -> ids.add(id.asInt()));
        return ids;
    }

    static List<List<Integer>> lists(JsonNode lists) {
        return StreamSupport.stream(lists.spliterator(), false)
                .map(RecordedCaptions::ids)
                .toList();
    }
}
