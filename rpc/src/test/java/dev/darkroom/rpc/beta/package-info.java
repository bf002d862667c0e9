// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/** A tiny service, to prove that services in one JVM see only their own beans. */
@Configuration
@NullMarked
@Requires(property = "micronaut.application.name", value = "beta-svc")
package dev.darkroom.rpc.beta;

import io.micronaut.context.annotation.Configuration;
import io.micronaut.context.annotation.Requires;
import org.jspecify.annotations.NullMarked;
