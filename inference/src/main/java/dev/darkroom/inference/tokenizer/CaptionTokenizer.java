// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.ModelDirectoryException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The words of a text decoder, there and back, as transformers' {@code GPT2TokenizerFast} and its kin have them: byte-level byte pair
 * encoding from {@code tokenizer.json}, which has no unknown text. Immutable and thread-safe.
 */
public final class CaptionTokenizer {
    private static final String FILE = "tokenizer.json";
    private static final Map<Integer, Integer> BYTES = bytes();
    /** {@code clean_up_tokenization} of transformers. */
    private static final String[][] CLEAN_UP = {
        {" .", "."},
        {" ?", "?"},
        {" !", "!"},
        {" ,", ","},
        {" ' ", "'"},
        {" n't", "n't"},
        {" 'm", "'m"},
        {" 's", "'s"},
        {" 've", "'ve"},
        {" 're", "'re"}
    };

    private final TokenIds ids;
    private final Map<Integer, String> symbols;
    private final Set<Integer> special;
    private final boolean cleansUp;
    private final int size;

    private CaptionTokenizer(TokenIds ids, Map<Integer, String> symbols, Set<Integer> special, boolean cleansUp) {
        this.ids = ids;
        this.symbols = symbols;
        this.special = special;
        this.cleansUp = cleansUp;
        this.size =
                1 + symbols.keySet().stream().mapToInt(Integer::intValue).max().orElse(-1);
    }

    /**
     * Reads {@code tokenizer.json}, and of {@code tokenizer_config.json} how texts are cleaned up.
     *
     * @throws ModelDirectoryException if it is missing, or no byte-level byte pair encoding
     */
    public static CaptionTokenizer load(Path path) {
        TokenizerFolder folder = new TokenizerFolder(path);
        JsonNode file = folder.json(FILE);
        try {
            if (!file.path("decoder").toString().contains("\"ByteLevel\"")) {
                throw new IllegalArgumentException("the decoder " + JsonComponent.type(file.path("decoder"), "none"));
            }
            return of(file, folder.setting("clean_up_tokenization_spaces").asBoolean(false));
        } catch (IllegalArgumentException e) {
            throw folder.refuse(FILE, "what byte-level tokenizers consist of", e.getMessage() + "");
        }
    }

    private static CaptionTokenizer of(JsonNode file, boolean cleansUp) {
        Map<Integer, String> symbols = new HashMap<>();
        TokenizerJson.vocabulary(file.path("model")).forEach((symbol, id) -> symbols.put(id, symbol));
        Map<String, AddedToken> added = new HashMap<>();
        Set<Integer> special = new HashSet<>();
        for (JsonNode node : file.path("added_tokens")) {
            AddedToken token = AddedToken.of(node.path("id").asInt(), node);
            added.put(token.content(), token);
            symbols.put(token.id(), token.content());
            if (token.special()) {
                special.add(token.id());
            }
        }
        return new CaptionTokenizer(TokenizerJson.unframed(file, added), symbols, special, cleansUp);
    }

    /** Returns the ids of a text's own tokens, with no special ones around them. Lone surrogates count as U+FFFD. */
    public int[] encode(String text) {
        return ids.of(text);
    }

    /** Returns the text of ids without special tokens; bytes that are no UTF-8 become U+FFFD, ids that nobody has nothing. */
    public String decode(List<Integer> tokens) {
        ByteArrayOutputStream utf8 = new ByteArrayOutputStream();
        for (int token : tokens) {
            String symbol = symbols.get(token);
            if (symbol != null && !special.contains(token)) {
                utf8.writeBytes(bytes(symbol));
            }
        }
        String text = utf8.toString(StandardCharsets.UTF_8);
        return cleansUp ? cleanUp(text) : text;
    }

    /** A symbol is written in printable characters that stand for bytes, unless somebody added it as it is. */
    private static byte[] bytes(String symbol) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int character : symbol.codePoints().toArray()) {
            Integer value = BYTES.get(character);
            if (value == null) {
                return symbol.getBytes(StandardCharsets.UTF_8);
            }
            bytes.write(value);
        }
        return bytes.toByteArray();
    }

    private static String cleanUp(String text) {
        String clean = text;
        for (String[] pair : CLEAN_UP) {
            clean = clean.replace(pair[0], pair[1]);
        }
        return clean;
    }

    /** Returns one more than the greatest id. */
    public int size() {
        return size;
    }

    private static Map<Integer, Integer> bytes() {
        Map<Integer, Integer> bytes = new HashMap<>();
        String[] symbols = BytePairEncoding.byteSymbols();
        for (int value = 0; value < symbols.length; value++) {
            bytes.put(symbols[value].codePointAt(0), value);
        }
        return bytes;
    }
}
