// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/** Numbers on the heap: small float32 arrays with a shape, and the noise that pictures start from. */
@NullMarked
package dev.darkroom.inference.tensor;

import org.jspecify.annotations.NullMarked;
