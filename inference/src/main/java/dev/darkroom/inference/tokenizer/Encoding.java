// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import dev.darkroom.inference.tensor.Tensor;
import java.util.List;

/**
 * A text as an encoder takes it.
 *
 * @param ids (1, window) token ids: start, the text's tokens, end, padding
 * @param length how many of them come before the padding
 * @param unseen the words of the text, as written, of which at least one token fell beyond the window, in order; empty if it fits
 */
public record Encoding(Tensor ids, int length, List<String> unseen) {
    public Encoding {
        unseen = List.copyOf(unseen);
    }
}
