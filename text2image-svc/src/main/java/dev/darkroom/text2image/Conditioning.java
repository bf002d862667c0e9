// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.onnx.NetworkInput;
import dev.darkroom.inference.tensor.Tensor;
import java.util.List;
import java.util.Map;

/**
 * What a network is told of a request beside latents and timestep, the same for all of its pictures.
 *
 * @param negativeFirst under the negative prompt and under the prompt, or under the prompt alone; tensors are (1, ...)
 */
record Conditioning(List<Map<NetworkInput, Tensor>> negativeFirst) {
    static Conditioning guided(Map<NetworkInput, Tensor> negative, Map<NetworkInput, Tensor> positive) {
        return new Conditioning(List.of(negative, positive));
    }

    static Conditioning unguided(Map<NetworkInput, Tensor> positive) {
        return new Conditioning(List.of(positive));
    }

    boolean isGuided() {
        return negativeFirst.size() == 2;
    }

    /** Leaves the negative prompt out. */
    Conditioning unguided() {
        return unguided(negativeFirst.getLast());
    }
}
