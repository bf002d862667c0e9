// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/** Pixels: from a decoder's output to a PNG that carries its parameters, and back; from files of any origin. */
@NullMarked
package dev.darkroom.inference.image;

import org.jspecify.annotations.NullMarked;
