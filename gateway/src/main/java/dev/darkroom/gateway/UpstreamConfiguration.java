// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import io.micronaut.context.annotation.EachProperty;
import io.micronaut.context.annotation.Parameter;
import io.micronaut.core.bind.annotation.Bindable;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How to reach one service behind the gateway: {@code darkroom.upstreams.NAME}, NAME being {@code text2image}, {@code safety},
 * {@code caption} or {@code text2video}.
 *
 * @param address gRPC target: {@code host:port}, or {@code dns:///host:port} for every address that the name has; empty where there is no
 *     such service, which only {@code caption} and {@code text2video} may be
 * @param tls whether to speak TLS; without it the credential and the prompts travel in the clear, so only on loopback or
 *     inside a network that encrypts
 * @param trustFile PEM file with the certificates to trust; the system's where it is null
 * @param timeout the longest that one call may take; the caller's own deadline only shortens it
 * @param keepAlive pause on a quiet connection before it is probed
 * @param keepAliveTimeout how long a probe may go unanswered before the connection and its calls are given up
 */
@EachProperty("darkroom.upstreams")
record UpstreamConfiguration(
        @Parameter String name,
        String address,
        @Bindable(defaultValue = "false") boolean tls,
        @Nullable Path trustFile,
        Duration timeout,
        @Bindable(defaultValue = "30s") Duration keepAlive,
        @Bindable(defaultValue = "10s") Duration keepAliveTimeout) {}
