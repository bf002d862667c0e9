// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/** Text to token ids, from a model folder's own files. */
@NullMarked
package dev.darkroom.inference.tokenizer;

import org.jspecify.annotations.NullMarked;
