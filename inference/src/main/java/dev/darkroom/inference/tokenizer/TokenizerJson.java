// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * The ids that Hugging Face tokenizers (0.22) gives for a {@code tokenizer.json}: added tokens are parted off, the text between them is
 * normalized, added tokens are looked for again, and the rest goes in pieces to the model. Knows what CLIP's and T5's files consist of;
 * another component is refused by its name.
 */
final class TokenizerJson implements TokenIds {
    private final AddedTokens written;
    private final AddedTokens normalized;
    private final UnaryOperator<String> normalizer;
    private final PreTokenizer preTokenizer;
    private final TokenIds model;

    private TokenizerJson(
            Map<String, AddedToken> added,
            UnaryOperator<String> normalizer,
            PreTokenizer preTokenizer,
            TokenIds model) {
        this.normalizer = normalizer;
        this.preTokenizer = preTokenizer;
        this.model = model;
        this.written = found(added, token -> !token.normalized(), UnaryOperator.identity());
        this.normalized = found(added, AddedToken::normalized, normalizer);
    }

    private static AddedTokens found(
            Map<String, AddedToken> added, Predicate<AddedToken> which, UnaryOperator<String> as) {
        Map<String, AddedToken> found = new HashMap<>();
        added.values().stream().filter(which).forEach(token -> found.put(as.apply(token.content()), token));
        return new AddedTokens(found);
    }

    static PaddedTokenizer load(TokenizerFolder folder, Map<String, String> usual, int limit) {
        JsonNode file = folder.json("tokenizer.json");
        try {
            return load(file, folder, usual, limit);
        } catch (IllegalArgumentException e) {
            throw folder.refuse("tokenizer.json", "what CLIP's and T5's tokenizers consist of", e.getMessage() + "");
        }
    }

    private static PaddedTokenizer load(JsonNode file, TokenizerFolder folder, Map<String, String> usual, int limit) {
        Map<String, Integer> vocabulary = vocabulary(file.path("model"));
        List<AddedToken> own = new ArrayList<>();
        file.path("added_tokens")
                .forEach(token -> own.add(AddedToken.of(token.path("id").asInt(), token)));
        own.forEach(token -> vocabulary.put(token.content(), token.id()));
        Map<String, AddedToken> added = folder.added(own, usual, vocabulary::get);
        int size = 1
                + vocabulary.values().stream().mapToInt(Integer::intValue).max().orElse(-1);
        TokenizerJson text = new TokenizerJson(
                added,
                JsonNormalizer.of(file.path("normalizer")),
                PreTokenizer.of(file.path("pre_tokenizer")),
                model(file, vocabulary(file.path("model"))));
        return new PaddedTokenizer(
                text,
                frame(file.path("post_processor"), folder.id("pad_token", usual, added)),
                size,
                folder.window(limit));
    }

    /** Reads the file as a text's own ids, with nothing before, behind or cut off. */
    static TokenIds unframed(JsonNode file, Map<String, AddedToken> added) {
        return new TokenizerJson(
                added,
                JsonNormalizer.of(file.path("normalizer")),
                PreTokenizer.of(file.path("pre_tokenizer")),
                model(file, vocabulary(file.path("model"))));
    }

    static Map<String, Integer> vocabulary(JsonNode model) {
        Map<String, Integer> ids = new LinkedHashMap<>();
        JsonNode vocabulary = model.path("vocab");
        for (int id = 0; vocabulary.isArray() && id < vocabulary.size(); id++) {
            ids.put(vocabulary.path(id).path(0).asText(), id);
        }
        vocabulary
                .properties()
                .forEach(entry -> ids.put(entry.getKey(), entry.getValue().asInt()));
        return ids;
    }

    private static TokenIds model(JsonNode file, Map<String, Integer> vocabulary) {
        JsonNode model = file.path("model");
        return switch (JsonComponent.type(model, model.path("vocab").isArray() ? "Unigram" : "BPE")) {
            case "Unigram" -> unigram(model);
            case "BPE" -> bytePairs(model, file.path("pre_tokenizer"), vocabulary);
            default -> throw JsonComponent.unknown("model", model);
        };
    }

    private static TokenIds unigram(JsonNode model) {
        List<Unigram.Piece> pieces = new ArrayList<>();
        model.path("vocab")
                .forEach(entry -> pieces.add(
                        new Unigram.Piece(entry.path(0).asText(), entry.path(1).asDouble(), Unigram.Kind.NORMAL)));
        boolean byteFallback = model.path("byte_fallback").asBoolean(false);
        return new Unigram(pieces, model.path("unk_id").asInt(0), byteFallback, false)::encode;
    }

    private static TokenIds bytePairs(JsonNode model, JsonNode preTokenizer, Map<String, Integer> vocabulary) {
        JsonComponent.require(model, "continuing_subword_prefix", "");
        JsonComponent.require(model, "dropout", "");
        JsonComponent.require(model, "byte_fallback", "false");
        JsonComponent.require(model, "ignore_merges", "false");
        if (!preTokenizer.toString().contains("\"ByteLevel\"")) {
            throw new IllegalArgumentException("a BPE model without the pre-tokenizer ByteLevel");
        }
        List<String[]> merges = new ArrayList<>();
        for (JsonNode merge : model.path("merges")) {
            merges.add(
                    merge.isArray()
                            ? new String[] {
                                merge.path(0).asText(), merge.path(1).asText()
                            }
                            : merge.asText().split(" ", 2));
        }
        int unknown = vocabulary.getOrDefault(model.path("unk_token").asText(""), -1);
        String endOfWord = model.path("end_of_word_suffix").asText("");
        return new BytePairEncoding(vocabulary, merges, endOfWord, unknown)::encode;
    }

    private static PaddedTokenizer.Frame frame(JsonNode processor, int padding) {
        return switch (JsonComponent.type(processor, "none")) {
            case "none", "ByteLevel" -> new PaddedTokenizer.Frame(List.of(), List.of(), false, padding);
            case "RobertaProcessing", "BertProcessing" ->
                new PaddedTokenizer.Frame(
                        processor.path("cls").path(1).asInt(),
                        processor.path("sep").path(1).asInt(),
                        padding);
            case "TemplateProcessing" -> template(processor, padding);
            case "Sequence" -> {
                PaddedTokenizer.Frame frame = new PaddedTokenizer.Frame(List.of(), List.of(), false, padding);
                for (JsonNode step : processor.path("processors")) {
                    PaddedTokenizer.Frame next = frame(step, padding);
                    frame = next.size() > 0 ? next : frame;
                }
                yield frame;
            }
            default -> throw JsonComponent.unknown("post_processor", processor);
        };
    }

    private static PaddedTokenizer.Frame template(JsonNode processor, int padding) {
        List<Integer> start = new ArrayList<>();
        List<Integer> end = new ArrayList<>();
        List<Integer> side = start;
        for (JsonNode part : processor.path("single")) {
            if (part.has("Sequence")) {
                side = end;
            } else {
                String name = part.path("SpecialToken").path("id").asText();
                for (JsonNode id : processor.path("special_tokens").path(name).path("ids")) {
                    side.add(id.asInt());
                }
            }
        }
        return new PaddedTokenizer.Frame(start, end, false, padding);
    }

    @Override
    public int[] of(String text) {
        Ids ids = new Ids();
        for (AddedTokens.Section section : written.fast(Utf16.wellFormed(text))) {
            if (section.token() == null) {
                addNormalized(normalizer.apply(section.text()), section.start() == 0, ids);
            } else {
                ids.add(section.token().id());
            }
        }
        return ids.toArray();
    }

    private void addNormalized(String text, boolean first, Ids ids) {
        for (AddedTokens.Section section : normalized.fast(text)) {
            if (section.token() == null) {
                PreTokenizer.Piece whole = new PreTokenizer.Piece(section.text(), first && section.start() == 0);
                preTokenizer.split(whole).forEach(piece -> ids.addAll(model.of(piece.text())));
            } else {
                ids.add(Objects.requireNonNull(section.token()).id());
            }
        }
    }
}
