// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import dev.darkroom.inference.video.VideoEncoders;
import dev.darkroom.inference.video.VideoFormat;
import dev.darkroom.rpc.Violations;
import dev.darkroom.text2video.v1.Encoder;
import dev.darkroom.text2video.v1.VideoContainer;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Kinds of files as callers name them. */
final class Containers {
    private Containers() {}

    /** Returns the format of a kind that is known and set. */
    static VideoFormat format(VideoContainer container) {
        return switch (container) {
            case VIDEO_CONTAINER_MP4 -> VideoFormat.MP4;
            case VIDEO_CONTAINER_WEBM -> VideoFormat.WEBM;
            case VIDEO_CONTAINER_GIF -> VideoFormat.GIF;
            case VIDEO_CONTAINER_WEBP -> VideoFormat.WEBP;
            case VIDEO_CONTAINER_PNG_ZIP -> VideoFormat.PNG_ZIP;
            case VIDEO_CONTAINER_UNSPECIFIED, UNRECOGNIZED ->
                throw new IllegalArgumentException("no kind of file: " + container);
        };
    }

    private static VideoContainer of(VideoFormat format) {
        return switch (format) {
            case MP4 -> VideoContainer.VIDEO_CONTAINER_MP4;
            case WEBM -> VideoContainer.VIDEO_CONTAINER_WEBM;
            case GIF -> VideoContainer.VIDEO_CONTAINER_GIF;
            case WEBP -> VideoContainer.VIDEO_CONTAINER_WEBP;
            case PNG_ZIP -> VideoContainer.VIDEO_CONTAINER_PNG_ZIP;
        };
    }

    /** Adds a violation unless a file of that kind can be written here. */
    static void check(String field, VideoContainer container, VideoEncoders encoders, Violations violations) {
        boolean known =
                container != VideoContainer.UNRECOGNIZED && container != VideoContainer.VIDEO_CONTAINER_UNSPECIFIED;
        boolean available = known && encoders.available().contains(format(container));
        String names = encoders.available().stream().map(VideoFormat::name).collect(Collectors.joining(", "));
        violations.check(available, field, "one of " + names, container);
    }

    /** Lists every kind of file with its encoder. */
    static List<Encoder> describe(VideoEncoders encoders) {
        return Stream.of(VideoFormat.values())
                .map(format -> Encoder.newBuilder()
                        .setContainer(of(format))
                        .setCodec(format.codec())
                        .setAvailable(encoders.available().contains(format))
                        .build())
                .toList();
    }
}
