// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/** Tests of safety-svc. */
@NullMarked
package dev.darkroom.safety;

import org.jspecify.annotations.NullMarked;
