// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/**
 * Tests that every service runs: a service subclasses {@link dev.darkroom.conformance.ServiceConformance} and says how
 * it is started and called.
 */
@NullMarked
package dev.darkroom.conformance;

import org.jspecify.annotations.NullMarked;
