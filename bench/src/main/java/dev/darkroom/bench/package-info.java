// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

/** The measurements whose figures the README states. */
@NullMarked
package dev.darkroom.bench;

import org.jspecify.annotations.NullMarked;
