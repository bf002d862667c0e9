// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.rpc.Fault;
import dev.darkroom.text2video.v1.GenerateRequest;
import dev.darkroom.text2video.v1.GenerateResponse;
import dev.darkroom.text2video.v1.ListModelsRequest;
import dev.darkroom.text2video.v1.ListModelsResponse;
import dev.darkroom.text2video.v1.TextToVideoServiceGrpc;
import io.grpc.StatusRuntimeException;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The text2video service, which a gateway may be without. Its errors, details included, are passed on as they are. Thread-safe.
 *
 * <p>Each method throws {@link Fault.Unavailable} TEXT2VIDEO_UNAVAILABLE if there is none, it cannot be reached, or is lost halfway.
 */
@Singleton
final class VideoMaker {
    /** Nobody configures a service within seconds. */
    private static final Duration RETRY_AFTER = Duration.ofMinutes(1);

    /** A frame with what is said of it: as large as what {@code CheckOutput} takes. */
    private static final int MAX_FRAME_BYTES = (int) HeldPicture.MAX_BYTES + 1024;

    private final @Nullable Upstream textToVideo;

    VideoMaker(@Nullable @Named("text2video") Upstream textToVideo) {
        this.textToVideo = textToVideo;
    }

    /**
     * Generates and hands on each event, in order, as long as it is asked to go on; then the work is stopped.
     *
     * @param events says whether to go on
     * @throws Fault.Internal if the events break their order
     */
    void generate(GenerateRequest request, Predicate<GenerateResponse> events) {
        VideoEventOrder order = new VideoEventOrder();
        Upstream upstream = upstream();
        boolean whole = upstream.streamWhile(
                () -> TextToVideoServiceGrpc.newBlockingStub(upstream.channel())
                        .withMaxInboundMessageSize(MAX_FRAME_BYTES)
                        .generate(request),
                event -> {
                    order.accept(event);
                    return events.test(event);
                });
        if (whole) {
            order.end();
        }
    }

    /** Lists the loaded models, the default one first, and the encoders. */
    ListModelsResponse models() {
        Upstream upstream = upstream();
        return upstream.call(
                TextToVideoServiceGrpc.newBlockingStub(upstream.channel()),
                service -> service.listModels(ListModelsRequest.getDefaultInstance()));
    }

    /** As {@link #models}, but none where nobody answers. */
    ListModelsResponse modelsIfAny() {
        try {
            return textToVideo == null ? ListModelsResponse.getDefaultInstance() : models();
        } catch (Fault.Unavailable | StatusRuntimeException _) {
            return ListModelsResponse.getDefaultInstance();
        }
    }

    private Upstream upstream() {
        if (textToVideo == null) {
            throw new Fault.Unavailable(
                    "TEXT2VIDEO_UNAVAILABLE",
                    "This gateway has no text2video service: darkroom.upstreams.text2video.address is not set",
                    RETRY_AFTER);
        }
        return textToVideo;
    }
}
