// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/** A small service that does everything the conformance tests ask for, with no model behind it. */
@Configuration
@NullMarked
@Requires(property = "micronaut.application.name", value = "rehearsal-svc")
package dev.darkroom.conformance.rehearsal;

import io.micronaut.context.annotation.Configuration;
import io.micronaut.context.annotation.Requires;
import org.jspecify.annotations.NullMarked;
