// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

/** Where ONNX Runtime computes. */
public enum ExecutionProvider {
    CPU,
    /** Device 0, with ONNX Runtime's CUDA build: Maven profile {@code gpu}, CUDA 12 and cuDNN 9 on the machine. */
    CUDA
}
