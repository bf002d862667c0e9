// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.caption.v1.CaptionRequest;
import dev.darkroom.caption.v1.CaptionResponse;
import dev.darkroom.caption.v1.CaptionServiceGrpc;
import dev.darkroom.caption.v1.CaptionServiceGrpc.CaptionServiceBlockingStub;
import dev.darkroom.caption.v1.ListModelsRequest;
import dev.darkroom.caption.v1.ListModelsResponse;
import dev.darkroom.caption.v1.ScoreAlignmentRequest;
import dev.darkroom.caption.v1.ScoreAlignmentResponse;
import dev.darkroom.rpc.Fault;
import io.grpc.StatusRuntimeException;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The caption service, which a gateway may be without. Its errors, details included, are passed on as they are. Thread-safe.
 *
 * <p>Each method throws {@link Fault.Unavailable} CAPTION_UNAVAILABLE if there is none, it cannot be reached or does not answer in time.
 */
@Singleton
final class Captioner {
    /** Nobody configures a service within seconds. */
    private static final Duration RETRY_AFTER = Duration.ofMinutes(1);

    private final @Nullable Upstream caption;

    Captioner(@Nullable @Named("caption") Upstream caption) {
        this.caption = caption;
    }

    CaptionResponse caption(CaptionRequest request) {
        return call(service -> service.caption(request));
    }

    ScoreAlignmentResponse score(ScoreAlignmentRequest request) {
        return call(service -> service.scoreAlignment(request));
    }

    /** Lists the loaded captioners and alignment models, the default ones first. */
    ListModelsResponse models() {
        return call(service -> service.listModels(ListModelsRequest.getDefaultInstance()));
    }

    /** As {@link #models}, but none where nobody answers. */
    ListModelsResponse modelsIfAny() {
        try {
            return caption == null ? ListModelsResponse.getDefaultInstance() : models();
        } catch (Fault.Unavailable | StatusRuntimeException _) {
            return ListModelsResponse.getDefaultInstance();
        }
    }

    private <R> R call(Function<CaptionServiceBlockingStub, R> method) {
        if (caption == null) {
            throw new Fault.Unavailable(
                    "CAPTION_UNAVAILABLE",
                    "This gateway has no caption service: darkroom.upstreams.caption.address is not set",
                    RETRY_AFTER);
        }
        return caption.call(CaptionServiceGrpc.newBlockingStub(caption.channel()), method);
    }
}
