// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import dev.darkroom.inference.tensor.Tensor;
import java.util.Arrays;

/** How a U-Net graph takes its time step, or the noise level of an upscaler; the three that exports in use have. */
public enum TimestepForm {
    /** Rank 0: one step for the whole batch (Optimum today). */
    SCALAR,
    /** Rank 1 of one value: one step for the whole batch (older exports). */
    SINGLE,
    /** Rank 1 along the batch axis: each row has its own, so rows of different requests can share a call. */
    PER_ROW;

    static TimestepForm of(TensorSpec value, TensorSpec sample) {
        if (value.rank() == 0) {
            return SCALAR;
        }
        boolean alongBatch = value.dim(0) < 0
                && value.dimNames().getFirst().equals(sample.dimNames().getFirst());
        return alongBatch ? PER_ROW : SINGLE;
    }

    /**
     * Returns the values of a batch as the graph takes them.
     *
     * @param name of one value, for messages
     * @throws IllegalArgumentException unless there is one for each row, and all are equal where the graph takes one
     */
    Tensor tensor(String name, float[] values, int rows) {
        if (values.length != rows) {
            throw new IllegalArgumentException(values.length + " values of " + name + " for " + rows + " rows");
        }
        return switch (this) {
            case PER_ROW -> Tensor.of(values, rows);
            case SINGLE -> Tensor.of(new float[] {single(name, values)}, 1);
            case SCALAR -> Tensor.scalar(single(name, values));
        };
    }

    private static float single(String name, float[] values) {
        for (float value : values) {
            if (value != values[0]) {
                throw new IllegalArgumentException(
                        "this U-Net takes one " + name + " for all rows, got " + Arrays.toString(values));
            }
        }
        return values[0];
    }
}
