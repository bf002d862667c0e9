// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

/** Policies: which words and forms belong to which category, how bad that is and what is done about it. */
@NullMarked
package dev.darkroom.safety.policy;

import org.jspecify.annotations.NullMarked;
