// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.tokenizer;

import dev.darkroom.inference.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * A text as an encoder takes it.
 *
 * @param ids (1, window) token ids: the text's tokens between the special ones, then padding
 * @param length how many of them come before the padding
 * @param dropped how many of the text's tokens fell beyond the window
 * @param unseen the words of the text, as written, of which at least one token fell beyond the window, in order; empty if it fits
 */
public record Encoding(Tensor ids, int length, int dropped, List<String> unseen) {
    public Encoding {
        unseen = List.copyOf(unseen);
    }

    /** Returns (1, window): 1 for each token, 0 for padding, whatever id pads. */
    public Tensor attentionMask() {
        float[] mask = new float[ids.dim(1)];
        Arrays.fill(mask, 0, length, 1);
        return Tensor.of(mask, 1, mask.length);
    }
}
