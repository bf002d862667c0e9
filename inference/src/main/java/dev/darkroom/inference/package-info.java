// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/** What every pipeline needs from a model runtime: failures and cancellation. */
@NullMarked
package dev.darkroom.inference;

import org.jspecify.annotations.NullMarked;
