// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/** The public API: checks every request before and after the model that serves it. No model code. */
@Configuration
@NullMarked
@Requires(property = "micronaut.application.name", value = "gateway")
package dev.darkroom.gateway;

import io.micronaut.context.annotation.Configuration;
import io.micronaut.context.annotation.Requires;
import org.jspecify.annotations.NullMarked;
