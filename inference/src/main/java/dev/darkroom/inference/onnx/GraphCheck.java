// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.onnx.TensorSpec.ElementType;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** Compares a loaded graph with what its component must look like, and refuses with the folder's names. */
record GraphCheck(String component, OnnxModel model) {
    static final Set<ElementType> FLOATS = Set.of(ElementType.FLOAT16, ElementType.FLOAT32, ElementType.FLOAT64);
    static final Set<ElementType> INTEGERS = Set.of(ElementType.INT32, ElementType.INT64);

    TensorSpec input(String name, Set<ElementType> types, int... ranks) {
        return find("input", model.inputs(), name, types, ranks);
    }

    TensorSpec output(String name, Set<ElementType> types, int... ranks) {
        return find("output", model.outputs(), name, types, ranks);
    }

    /** Refuses inputs beyond those named: a pipeline that does not know one cannot fill it. */
    void onlyInputs(Set<String> known) {
        for (TensorSpec input : model.inputs()) {
            if (!known.contains(input.name())) {
                throw refuse(
                        "input " + input.name(),
                        "no input beside " + known.stream().sorted().toList(),
                        "one");
            }
        }
    }

    void dimension(TensorSpec tensor, int axis, long expected, String reason) {
        long found = tensor.dim(axis);
        if (found >= 0 && found != expected) {
            throw refuse(tensor.name() + ", dimension " + axis, expected + " (" + reason + ")", Long.toString(found));
        }
    }

    private TensorSpec find(String kind, List<TensorSpec> tensors, String name, Set<ElementType> types, int... ranks) {
        TensorSpec tensor = tensors.stream()
                .filter(spec -> spec.name().equals(name))
                .findFirst()
                .orElseThrow(() -> refuse(
                        kind + " " + name,
                        "an " + kind + " of that name",
                        tensors.stream().map(TensorSpec::name).toList().toString()));
        if (!types.contains(tensor.type())) {
            throw refuse(
                    kind + " " + name,
                    "one of " + types.stream().sorted().toList(),
                    tensor.type().toString());
        }
        for (int rank : ranks) {
            if (tensor.rank() == rank) {
                return tensor;
            }
        }
        throw refuse(kind + " " + name, "rank " + Arrays.toString(ranks), "rank " + tensor.rank());
    }

    private ModelDirectoryException refuse(String subject, String expected, String found) {
        return new ModelDirectoryException(component, subject, expected, found);
    }
}
