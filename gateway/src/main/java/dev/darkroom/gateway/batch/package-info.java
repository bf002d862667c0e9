// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/** Manifests: many requests in one file, read and planned as a whole before any of them is made. */
@NullMarked
package dev.darkroom.gateway.batch;

import org.jspecify.annotations.NullMarked;
