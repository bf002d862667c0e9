// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

/**
 * How good pictures, clips and captions are, in the numbers of the field: {@code feature} for sets of pictures, {@code caption} for texts,
 * {@code video} for clips; here what they share.
 */
@NullMarked
package dev.darkroom.evaluation;

import org.jspecify.annotations.NullMarked;
