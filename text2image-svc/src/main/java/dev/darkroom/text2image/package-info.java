// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/** Text to image by latent diffusion, as a gRPC service. {@link dev.darkroom.text2image.StableDiffusionPipeline} is the algorithm. */
@Configuration
@NullMarked
@Requires(property = "micronaut.application.name", value = "text2image-svc")
package dev.darkroom.text2image;

import io.micronaut.context.annotation.Configuration;
import io.micronaut.context.annotation.Requires;
import org.jspecify.annotations.NullMarked;
