// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/** Tests of the text-to-image service. */
@NullMarked
package dev.darkroom.text2image;

import org.jspecify.annotations.NullMarked;
