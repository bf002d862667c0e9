// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.onnx.TensorSpec.ElementType;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** Compares a loaded graph with what its component must look like, and refuses with the folder's names. */
record GraphCheck(String component, OnnxModel model) {
    static final Set<ElementType> FLOATS = Set.of(ElementType.FLOAT16, ElementType.FLOAT32, ElementType.FLOAT64);
    static final Set<ElementType> INTEGERS = Set.of(ElementType.INT32, ElementType.INT64);

    TensorSpec input(String name, Set<ElementType> types, int... ranks) {
        return input(List.of(name), types, ranks);
    }

    /** Finds an input under the first of the names that the graph has. */
    TensorSpec input(List<String> names, Set<ElementType> types, int... ranks) {
        return find("input", model.inputs(), names, types, ranks);
    }

    TensorSpec output(String name, Set<ElementType> types, int... ranks) {
        return find("output", model.outputs(), List.of(name), types, ranks);
    }

    /** Finds the graph's only input, whatever its name, or the one of that name. */
    TensorSpec onlyInput(String name, Set<ElementType> types, int... ranks) {
        return find("input", model.inputs(), onlyOr(name, model.inputs()), types, ranks);
    }

    /** Finds the graph's only output, whatever its name, or the one of that name. */
    TensorSpec onlyOutput(String name, Set<ElementType> types, int... ranks) {
        return find("output", model.outputs(), onlyOr(name, model.outputs()), types, ranks);
    }

    private static List<String> onlyOr(String name, List<TensorSpec> tensors) {
        return List.of(tensors.size() == 1 ? tensors.getFirst().name() : name);
    }

    boolean hasInput(String name) {
        return model.inputs().stream().anyMatch(spec -> spec.name().equals(name));
    }

    boolean hasOutput(String name) {
        return model.outputs().stream().anyMatch(spec -> spec.name().equals(name));
    }

    /** Refuses inputs beyond those named: a pipeline that does not know one cannot fill it. */
    void onlyInputs(Collection<String> known) {
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

    /** Refuses a fixed batch other than one row, into which requests could not be put. */
    void rows(TensorSpec tensor) {
        dimension(tensor, 0, 1, "or open: the number of rows");
    }

    private TensorSpec find(
            String kind, List<TensorSpec> tensors, List<String> names, Set<ElementType> types, int... ranks) {
        TensorSpec tensor = names.stream()
                .flatMap(name -> tensors.stream().filter(spec -> spec.name().equals(name)))
                .findFirst()
                .orElseThrow(() -> refuse(
                        kind + " " + names.getFirst(),
                        "an " + kind + " of that name",
                        tensors.stream().map(TensorSpec::name).toList().toString()));
        if (!types.contains(tensor.type())) {
            throw refuse(
                    kind + " " + tensor.name(),
                    "one of " + types.stream().sorted().toList(),
                    tensor.type().toString());
        }
        for (int rank : ranks) {
            if (tensor.rank() == rank) {
                return tensor;
            }
        }
        throw refuse(kind + " " + tensor.name(), "rank " + Arrays.toString(ranks), "rank " + tensor.rank());
    }

    ModelDirectoryException refuse(String subject, String expected, String found) {
        return new ModelDirectoryException(component, subject, expected, found);
    }
}
