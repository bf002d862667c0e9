// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import java.nio.file.Path;

/**
 * Text to the token ids that a text encoder takes, id for id as transformers 4.57 gives them for the same folder.
 *
 * <p>Implementations are immutable and thread-safe.
 */
public interface Tokenizer {
    /**
     * Reads a tokenizer folder. {@code CLIPTokenizer} and {@code T5Tokenizer} read {@code vocab.json} with {@code merges.txt} and
     * {@code spiece.model}; where these are missing, and for {@code CLIPTokenizerFast} and {@code T5TokenizerFast}, {@code
     * tokenizer.json} says what happens to a text. The two kinds differ on purpose, as they do in transformers: the fast CLIP tokenizer
     * keeps control characters and does not part Chinese ones; the fast T5 tokenizer drops marks behind characters that its
     * normalizer replaces, and sums scores in double precision.
     *
     * @param tokenizerClass the transformers class that {@code model_index.json} names
     * @param limit how many tokens the encoder can take; the window is the folder's {@code model_max_length} or this, whichever is less
     * @throws dev.darkroom.inference.ModelDirectoryException if a file is missing or does not fit, or nothing here knows the class
     */
    static Tokenizer load(Path folder, String tokenizerClass, int limit) {
        return TokenizerLoader.load(folder, tokenizerClass, limit);
    }

    /** Encodes any text. Lone surrogates, which transformers refuses, count as U+FFFD, or are ignored as CLIP ignores that. */
    Encoding encode(String text);

    /** Returns the number of ids that {@link #encode} gives, special tokens and padding included. */
    int window();

    /**
     * Returns the same tokenizer with a window of any length, as {@code max_length} in transformers; {@code model_max_length} does not
     * bound it.
     *
     * @throws IllegalArgumentException if there is no room for the special tokens
     */
    Tokenizer withWindow(int window);

    /** Returns one more than the greatest id. */
    int size();
}
