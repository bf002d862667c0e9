// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The ids that transformers' {@code T5Tokenizer} gives: added tokens are parted off, each text between them goes to SentencePiece.
 * Without {@code legacy} the text gets its prefix once, and not after each added token.
 */
final class T5Text implements TokenIds {
    static final Map<String, String> USUAL = Map.of("eos_token", "</s>", "unk_token", "<unk>", "pad_token", "<pad>");

    private static final String SPACE = "\u2581";

    private final SentencePieceNormalizer normalizer;
    private final Unigram model;
    private final AddedTokens added;
    private final boolean legacy;
    private final boolean addPrefixSpace;
    private final String unknown;
    private final int unknownLength;

    private T5Text(SentencePieceModel file, Unigram model, Map<String, AddedToken> added, TokenizerFolder folder) {
        this.model = model;
        this.added = new AddedTokens(added);
        this.legacy = folder.setting("legacy").asBoolean(true);
        this.addPrefixSpace = folder.setting("add_prefix_space").asBoolean(true);
        this.normalizer = new SentencePieceNormalizer(
                legacy ? file.normalization() : file.normalization().withoutDummyPrefix(),
                file.pieces().stream()
                        .filter(piece -> piece.kind() == Unigram.Kind.USER_DEFINED)
                        .map(Unigram.Piece::text)
                        .toList());
        this.unknown = String.valueOf(folder.special("unk_token", USUAL));
        this.unknownLength = pieces(unknown).length;
    }

    static PaddedTokenizer load(TokenizerFolder folder, int limit) {
        SentencePieceModel file = model(folder);
        Unigram model = unigram(file);
        int pieces = file.pieces().size();
        Map<String, AddedToken> added =
                folder.added(sentinels(folder, pieces), USUAL, piece -> model.has(piece) ? model.id(piece) : null);
        int lastAdded = added.values().stream().mapToInt(AddedToken::id).max().orElse(-1);
        return new PaddedTokenizer(
                new T5Text(file, model, added, folder),
                new PaddedTokenizer.Frame(
                        List.of(),
                        List.of(folder.id("eos_token", USUAL, added)),
                        true,
                        folder.id("pad_token", USUAL, added)),
                Math.max(pieces, lastAdded + 1),
                folder.window(limit));
    }

    private static SentencePieceModel model(TokenizerFolder folder) {
        try {
            SentencePieceModel file = SentencePieceModel.parse(folder.bytes("spiece.model", "a SentencePiece model"));
            if (file.type() != SentencePieceModel.UNIGRAM || file.pieces().isEmpty()) {
                throw folder.refuse(
                        "spiece.model",
                        "the pieces of a unigram model",
                        file.pieces().size() + " pieces of a model of type " + file.type());
            }
            return file;
        } catch (IllegalArgumentException e) {
            throw folder.refuse("spiece.model", "a SentencePiece model", String.valueOf(e.getMessage()));
        }
    }

    private static Unigram unigram(SentencePieceModel file) {
        int unknown = 0;
        for (int id = 0; id < file.pieces().size(); id++) {
            unknown = file.pieces().get(id).kind() == Unigram.Kind.UNKNOWN ? id : unknown;
        }
        return new Unigram(file.pieces(), unknown, file.byteFallback(), true);
    }

    /** {@code <extra_id_0>} is the last id, the others lie before it. */
    private static List<AddedToken> sentinels(TokenizerFolder folder, int pieces) {
        int count = folder.setting("extra_ids").asInt(100);
        int named = 0;
        for (var token : folder.setting("additional_special_tokens")) {
            named += TokenizerFolder.content(token).contains("<extra_id_") ? 1 : 0;
        }
        List<AddedToken> sentinels = new ArrayList<>();
        for (int i = 0; i < (named == 0 ? count : named); i++) {
            sentinels.add(
                    new AddedToken(pieces - 1 + count - i, "<extra_id_" + i + ">", false, true, true, false, true));
        }
        return sentinels;
    }

    @Override
    public int[] of(String text) {
        String whole = Utf16.wellFormed(text);
        if (legacy || whole.isEmpty()) {
            return ids(added.slow(whole));
        }
        List<AddedTokens.Section> sections = added.slow((addPrefixSpace ? SPACE : "") + whole.replace(SPACE, " "));
        return ids(isPrefixAlone(sections) ? sections.subList(1, sections.size()) : sections);
    }

    /** The prefix is not for a text that begins with a special token. */
    private boolean isPrefixAlone(List<AddedTokens.Section> sections) {
        if (sections.size() < 2 || sections.getFirst().token() != null) {
            return false;
        }
        AddedToken second = sections.get(1).token();
        String first = sections.getFirst().text();
        return second != null
                && second.special()
                && first.chars().allMatch(c -> c == ' ' || c == SPACE.charAt(0))
                && between(first).length == 1;
    }

    private int[] ids(List<AddedTokens.Section> sections) {
        Ids ids = new Ids();
        for (AddedTokens.Section section : sections) {
            if (section.token() == null) {
                ids.addAll(between(section.text()));
            } else {
                ids.add(section.token().id());
            }
        }
        return ids.toArray();
    }

    /** SentencePiece strips a space at the start, so the reference puts a word there and takes its pieces away. */
    private int[] between(String text) {
        if (legacy || !(text.startsWith(SPACE) || text.startsWith(" "))) {
            return pieces(text);
        }
        int[] ids = pieces(unknown + text);
        return ids.length >= unknownLength ? Arrays.copyOfRange(ids, unknownLength, ids.length) : ids;
    }

    private int[] pieces(String text) {
        return model.encode(normalizer.normalize(text));
    }
}
