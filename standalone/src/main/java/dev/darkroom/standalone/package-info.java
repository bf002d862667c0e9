// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

/** All services in one JVM on loopback, and the {@code darkroom} command line. */
@NullMarked
package dev.darkroom.standalone;

import org.jspecify.annotations.NullMarked;
