// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/** Text to video by a cascade, as a gRPC service. {@link dev.darkroom.text2video.TextToVideoPipeline} is the algorithm. */
@Configuration
@NullMarked
@Requires(property = "micronaut.application.name", value = "text2video-svc")
package dev.darkroom.text2video;

import io.micronaut.context.annotation.Configuration;
import io.micronaut.context.annotation.Requires;
import org.jspecify.annotations.NullMarked;
