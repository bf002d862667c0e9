// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

/** Texts as they are compared: disguises undone, words cut out, patterns of words found, and every place known in the text as it was sent. */
@NullMarked
package dev.darkroom.safety.text;

import org.jspecify.annotations.NullMarked;
