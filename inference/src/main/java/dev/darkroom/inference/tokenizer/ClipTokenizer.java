// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import java.nio.file.Path;

/** CLIP's tokenizer, where no {@code model_index.json} names its class: {@code CLIPTokenizer} as in {@link Tokenizer#load}. */
public final class ClipTokenizer implements Tokenizer {
    private final Tokenizer tokenizer;

    private ClipTokenizer(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Reads a tokenizer folder.
     *
     * @param positions how many tokens the encoder can take; the window is {@code model_max_length} or this, whichever is less
     * @throws dev.darkroom.inference.ModelDirectoryException if a file is missing or does not fit
     */
    public static ClipTokenizer load(Path folder, int positions) {
        return new ClipTokenizer(Tokenizer.load(folder, "CLIPTokenizer", positions));
    }

    @Override
    public Encoding encode(String text) {
        return tokenizer.encode(text);
    }

    @Override
    public int window() {
        return tokenizer.window();
    }

    @Override
    public Tokenizer withWindow(int window) {
        return tokenizer.withWindow(window);
    }

    @Override
    public int size() {
        return tokenizer.size();
    }
}
