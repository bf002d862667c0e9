// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import dev.darkroom.inference.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Compares what a caller passes with what a graph declares. */
final class Signatures {
    private Signatures() {}

    static void requireMatch(List<TensorSpec> inputs, Map<String, Tensor> values) {
        for (TensorSpec input : inputs) {
            Tensor value = values.get(input.name());
            if (value == null) {
                throw new IllegalArgumentException("input " + input.name() + " is missing");
            }
            requireMatch(input, value);
        }
        if (values.size() > inputs.size()) {
            throw new IllegalArgumentException("inputs " + values.keySet() + " for a graph that takes "
                    + inputs.stream().map(TensorSpec::name).toList());
        }
    }

    private static void requireMatch(TensorSpec input, Tensor value) {
        boolean fits = value.rank() == input.rank();
        for (int axis = 0; fits && axis < input.rank(); axis++) {
            fits = input.dim(axis) < 0 || input.dim(axis) == value.dim(axis);
        }
        if (!fits) {
            throw new IllegalArgumentException("input " + input.name() + " has shape " + Arrays.toString(value.shape())
                    + ", expected " + input.dims());
        }
    }
}
