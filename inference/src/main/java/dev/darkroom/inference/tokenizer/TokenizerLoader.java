// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import java.nio.file.Path;

/** Which algorithm reads a folder. */
final class TokenizerLoader {
    private TokenizerLoader() {}

    static Tokenizer load(Path path, String tokenizerClass, int limit) {
        TokenizerFolder folder = new TokenizerFolder(path);
        return switch (tokenizerClass) {
            case "CLIPTokenizer" -> clip(folder, limit);
            case "CLIPTokenizerFast" -> TokenizerJson.load(folder, ClipText.USUAL, limit);
            case "T5Tokenizer" ->
                folder.has("spiece.model") || !folder.has("tokenizer.json")
                        ? T5Text.load(folder, limit)
                        : TokenizerJson.load(folder, T5Text.USUAL, limit);
            case "T5TokenizerFast" -> TokenizerJson.load(folder, T5Text.USUAL, limit);
            default ->
                throw folder.refuse(
                        "model_index.json tokenizer class",
                        "CLIPTokenizer, CLIPTokenizerFast, T5Tokenizer or T5TokenizerFast",
                        tokenizerClass);
        };
    }

    static Tokenizer clip(TokenizerFolder folder, int limit) {
        return folder.has("vocab.json") || !folder.has("tokenizer.json")
                ? ClipText.load(folder, limit)
                : TokenizerJson.load(folder, ClipText.USUAL, limit);
    }
}
