// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import java.util.List;

/**
 * An input or output as a graph declares it.
 *
 * @param dims the dimensions, outermost first; -1 where the graph leaves one open
 * @param dimNames the symbolic names of the dimensions, empty strings where there is none
 */
public record TensorSpec(String name, ElementType type, List<Long> dims, List<String> dimNames) {
    /** What a graph computes in. Callers see float32 tensors whatever it is; see {@link OnnxModel#run}. */
    public enum ElementType {
        FLOAT16,
        FLOAT32,
        FLOAT64,
        INT32,
        INT64,
        /** 1 for true, 0 for false. */
        BOOL
    }

    public TensorSpec {
        dims = List.copyOf(dims);
        dimNames = List.copyOf(dimNames);
    }

    public int rank() {
        return dims.size();
    }

    /** Returns one dimension, or -1 where the graph leaves it open. */
    public long dim(int axis) {
        return dims.get(axis);
    }
}
