// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

/** What is found by its form and not by words: addresses, numbers, markers, hidden text. */
@NullMarked
package dev.darkroom.safety.detect;

import org.jspecify.annotations.NullMarked;
