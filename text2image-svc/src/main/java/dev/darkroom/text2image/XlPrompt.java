// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.onnx.NetworkInput;
import dev.darkroom.inference.tensor.Tensor;
import java.util.Map;

/**
 * A prompt as SDXL's networks take it.
 *
 * @param embeds (1, L, D), of all text encoders side by side
 * @param pooled (1, P)
 */
record XlPrompt(Tensor embeds, Tensor pooled) {
    /** What a missing negative prompt stands for where the folder says so: not the encoding of an empty text. */
    XlPrompt zeros() {
        return new XlPrompt(Tensor.zeros(embeds.shape()), Tensor.zeros(pooled.shape()));
    }

    Map<NetworkInput, Tensor> with(float... timeIds) {
        return Map.of(
                NetworkInput.PROMPT_EMBEDS,
                embeds,
                NetworkInput.POOLED_PROMPT_EMBEDS,
                pooled,
                NetworkInput.TIME_IDS,
                Tensor.of(timeIds, 1, timeIds.length));
    }
}
