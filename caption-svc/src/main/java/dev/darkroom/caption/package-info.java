// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/** Pictures into words, and how well words and pictures agree, as a gRPC service. {@link dev.darkroom.caption.CaptionPipeline} is the algorithm. */
@Configuration
@NullMarked
@Requires(property = "micronaut.application.name", value = "caption-svc")
package dev.darkroom.caption;

import io.micronaut.context.annotation.Configuration;
import io.micronaut.context.annotation.Requires;
import org.jspecify.annotations.NullMarked;
