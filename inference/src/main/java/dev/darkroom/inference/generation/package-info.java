// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/** Tokens from a text decoder, by the search and the sampling of transformers' {@code generate}. */
@NullMarked
package dev.darkroom.inference.generation;

import org.jspecify.annotations.NullMarked;
