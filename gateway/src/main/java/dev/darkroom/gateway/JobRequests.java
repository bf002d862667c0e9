// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.gateway.v1.CaptionImageRequest;
import dev.darkroom.gateway.v1.CaptionImagesRequest;
import dev.darkroom.gateway.v1.GenerateImagesRequest;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.gateway.v1.StreamUpscaleImageRequest;
import dev.darkroom.gateway.v1.UpscaleImageRequest;
import java.util.concurrent.ThreadLocalRandom;

/** Requests for jobs as the requests of callers who wait: the same but for the options. */
final class JobRequests {
    private static final long SEEDS = 1L << 32;

    private JobRequests() {}

    static StreamGenerateImagesRequest direct(GenerateImagesRequest request) {
        StreamGenerateImagesRequest.Builder direct = StreamGenerateImagesRequest.newBuilder()
                .setParameters(request.getParameters())
                .setPreviewInterval(request.getPreviewInterval())
                .setSafetyPolicy(request.getSafetyPolicy())
                .setImage(request.getImage());
        if (request.hasUpscaleFactor()) {
            direct.setUpscaleFactor(request.getUpscaleFactor());
        }
        if (request.hasUpscale()) {
            direct.setUpscale(request.getUpscale());
        }
        if (request.hasBestOf()) {
            direct.setBestOf(request.getBestOf());
        }
        if (request.hasMinScore()) {
            direct.setMinScore(request.getMinScore());
        }
        if (request.hasMaxAttempts()) {
            direct.setMaxAttempts(request.getMaxAttempts());
        }
        return direct.build();
    }

    static StreamUpscaleImageRequest direct(UpscaleImageRequest request) {
        return StreamUpscaleImageRequest.newBuilder()
                .setParameters(request.getParameters())
                .setImage(request.getImage())
                .setSafetyPolicy(request.getSafetyPolicy())
                .build();
    }

    /** @param index of the picture; the request may have fewer, then without one */
    static CaptionImageRequest direct(CaptionImagesRequest request, int index) {
        CaptionImageRequest.Builder direct = CaptionImageRequest.newBuilder()
                .setParameters(request.getParameters())
                .setIncludeLowConfidence(request.getIncludeLowConfidence())
                .addAllBlockedTerms(request.getBlockedTermsList())
                .setSafetyPolicy(request.getSafetyPolicy());
        if (request.hasMinConfidence()) {
            direct.setMinConfidence(request.getMinConfidence());
        }
        if (index < request.getImagesCount()) {
            direct.setImage(request.getImages(index));
        }
        return direct.build();
    }

    /** Every attempt at a job makes the same pictures. */
    static GenerateImagesRequest seeded(GenerateImagesRequest request) {
        GenerateImagesRequest.Builder seeded = request.toBuilder();
        if (!request.getParameters().hasSeed()) {
            seeded.getParametersBuilder().setSeed(seed());
        }
        return seeded.build();
    }

    static UpscaleImageRequest seeded(UpscaleImageRequest request) {
        UpscaleImageRequest.Builder seeded = request.toBuilder();
        if (!request.getParameters().hasSeed()) {
            seeded.getParametersBuilder().setSeed(seed());
        }
        return seeded.build();
    }

    /** As the services draw it. */
    private static long seed() {
        return ThreadLocalRandom.current().nextLong(SEEDS);
    }
}
