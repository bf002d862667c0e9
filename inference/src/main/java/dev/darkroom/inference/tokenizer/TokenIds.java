// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

/** What a text becomes before special tokens, truncation and padding. Implementations are immutable and thread-safe. */
@FunctionalInterface
interface TokenIds {
    int[] of(String text);
}
