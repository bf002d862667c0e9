// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

/** How a U-Net graph takes its time step; the three that exports in use have. */
public enum TimestepForm {
    /** Rank 0: one step for the whole batch (Optimum today). */
    SCALAR,
    /** Rank 1 of one value: one step for the whole batch (older exports). */
    SINGLE,
    /** Rank 1 along the batch axis: each row has its own, so rows of different requests can share a call. */
    PER_ROW
}
