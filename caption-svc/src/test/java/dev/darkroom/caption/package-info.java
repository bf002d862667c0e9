// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/** Tests of the caption service. */
@NullMarked
package dev.darkroom.caption;

import org.jspecify.annotations.NullMarked;
