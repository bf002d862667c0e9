// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/** Tests. */
@NullMarked
package dev.darkroom.safety.policy;

import org.jspecify.annotations.NullMarked;
