// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.caption.v1.CaptionServiceGrpc;
import dev.darkroom.rpc.UpstreamChannels;
import dev.darkroom.safety.v1.SafetyServiceGrpc;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc;
import dev.darkroom.text2video.v1.TextToVideoServiceGrpc;
import io.grpc.MethodDescriptor;
import io.micronaut.context.annotation.Bean;
import io.micronaut.context.annotation.Factory;
import io.micronaut.context.annotation.Requires;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.util.List;

/** The services behind the gateway. */
@Factory
final class Upstreams {
    private final UpstreamChannels channels;

    Upstreams(UpstreamChannels channels) {
        this.channels = channels;
    }

    /** Draws and enlarges; neither is ever sent twice. */
    @Singleton
    @Named("text2image")
    @Bean(preDestroy = "close")
    Upstream textToImage(@Named("text2image") UpstreamConfiguration configuration) {
        return open(configuration, TextToImageServiceGrpc.getListModelsMethod());
    }

    /** Judges. */
    @Singleton
    @Named("safety")
    @Bean(preDestroy = "close")
    Upstream safety(@Named("safety") UpstreamConfiguration configuration) {
        return open(configuration, SafetyServiceGrpc.getCheckPromptMethod(), SafetyServiceGrpc.getCheckOutputMethod());
    }

    /** Describes and scores. There is none where no address is configured. */
    @Singleton
    @Named("caption")
    @Bean(preDestroy = "close")
    @Requires(property = "darkroom.upstreams.caption.address", pattern = ".+")
    Upstream caption(@Named("caption") UpstreamConfiguration configuration) {
        return open(
                configuration,
                CaptionServiceGrpc.getCaptionMethod(),
                CaptionServiceGrpc.getScoreAlignmentMethod(),
                CaptionServiceGrpc.getListModelsMethod());
    }

    /** Makes clips, never twice. There is none where no address is configured. */
    @Singleton
    @Named("text2video")
    @Bean(preDestroy = "close")
    @Requires(property = "darkroom.upstreams.text2video.address", pattern = ".+")
    Upstream textToVideo(@Named("text2video") UpstreamConfiguration configuration) {
        return open(configuration, TextToVideoServiceGrpc.getListModelsMethod());
    }

    private Upstream open(UpstreamConfiguration configuration, MethodDescriptor<?, ?>... idempotent) {
        return new Upstream(configuration, List.of(idempotent), channels.interceptors());
    }
}
