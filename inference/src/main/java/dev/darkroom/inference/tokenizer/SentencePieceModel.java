// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What a SentencePiece model file says: {@code ModelProto} of {@code sentencepiece_model.proto}, as far as encoding needs it. Absent
 * fields have that file's defaults.
 *
 * @param type the algorithm, 1 for unigram
 */
record SentencePieceModel(int type, boolean byteFallback, List<Unigram.Piece> pieces, Normalization normalization) {
    static final int UNIGRAM = 1;

    /** {@code NormalizerSpec}, and where {@code TrainerSpec} says that the mark of a space goes. */
    record Normalization(
            CharacterMap characters,
            boolean dummyPrefix,
            boolean removeExtraSpaces,
            boolean escapeSpaces,
            boolean spaceAsSuffix) {
        Normalization withoutDummyPrefix() {
            return new Normalization(characters, false, removeExtraSpaces, escapeSpaces, spaceAsSuffix);
        }
    }

    /** @throws IllegalArgumentException if this is no such file */
    static SentencePieceModel parse(byte[] file) {
        List<Unigram.Piece> pieces = new ArrayList<>();
        int type = UNIGRAM;
        boolean byteFallback = false;
        boolean spaceAsSuffix = false;
        Normalization normalization = new Normalization(new CharacterMap(new byte[0]), true, true, true, false);
        for (ProtobufFields model = new ProtobufFields(file); model.next(); ) {
            switch (model.field()) {
                case 1 -> pieces.add(piece(model.message()));
                case 2 -> {
                    for (ProtobufFields trainer = model.message(); trainer.next(); ) {
                        switch (trainer.field()) {
                            case 3 -> type = (int) trainer.number();
                            case 24 -> spaceAsSuffix = trainer.number() != 0;
                            case 35 -> byteFallback = trainer.number() != 0;
                            default -> {}
                        }
                    }
                }
                case 3 -> normalization = normalization(model.message());
                default -> {}
            }
        }
        return new SentencePieceModel(
                type,
                byteFallback,
                pieces,
                new Normalization(
                        normalization.characters,
                        normalization.dummyPrefix,
                        normalization.removeExtraSpaces,
                        normalization.escapeSpaces,
                        spaceAsSuffix));
    }

    private static Unigram.Piece piece(ProtobufFields fields) {
        String text = "";
        float score = 0;
        Unigram.Kind kind = Unigram.Kind.NORMAL;
        while (fields.next()) {
            switch (fields.field()) {
                case 1 -> text = new String(fields.bytes(), StandardCharsets.UTF_8);
                case 2 -> score = Float.intBitsToFloat((int) fields.number());
                case 3 -> kind = Unigram.Kind.of((int) fields.number());
                default -> {}
            }
        }
        if (!Float.isFinite(score)) {
            throw new IllegalArgumentException("a piece with the score " + score);
        }
        return new Unigram.Piece(text, score, kind);
    }

    private static Normalization normalization(ProtobufFields fields) {
        CharacterMap characters = new CharacterMap(new byte[0]);
        boolean dummyPrefix = true;
        boolean removeExtraSpaces = true;
        boolean escapeSpaces = true;
        while (fields.next()) {
            switch (fields.field()) {
                case 2 -> characters = new CharacterMap(fields.bytes());
                case 3 -> dummyPrefix = fields.number() != 0;
                case 4 -> removeExtraSpaces = fields.number() != 0;
                case 5 -> escapeSpaces = fields.number() != 0;
                default -> {}
            }
        }
        return new Normalization(characters, dummyPrefix, removeExtraSpaces, escapeSpaces, false);
    }
}
