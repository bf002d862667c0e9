// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

/** safety-svc: checks what goes into a model. {@link dev.darkroom.safety.PromptCheck} is the whole check on one page. */
@Configuration
@NullMarked
@Requires(property = "micronaut.application.name", value = "safety-svc")
package dev.darkroom.safety;

import io.micronaut.context.annotation.Configuration;
import io.micronaut.context.annotation.Requires;
import org.jspecify.annotations.NullMarked;
