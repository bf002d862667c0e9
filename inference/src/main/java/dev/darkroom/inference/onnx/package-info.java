// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/** Model folders and ONNX Runtime sessions. */
@NullMarked
package dev.darkroom.inference.onnx;

import org.jspecify.annotations.NullMarked;
