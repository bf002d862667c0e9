// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.rpc.Violations;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.ListModelsResponse;
import java.util.Optional;

/**
 * How many pictures of one request are drawn, and how many of them delivered.
 *
 * @param candidates drawn by each attempt; 0 where every picture is delivered as it comes
 * @param delivered the best of them
 * @param minScore that each of those should have; below 0 where none was asked for
 * @param maxAttempts 1 where no score was asked for
 */
record BestOf(int candidates, int delivered, float minScore, int maxAttempts) {
    private static final double MAX_SCORE = 2.5;
    private static final int MAX_ATTEMPTS = 10;
    private static final int USUAL_ATTEMPTS = 3;

    static final BestOf NONE = new BestOf(0, 0, -1, 1);

    /**
     * Resolves what a request asks for against what is loaded, before anything is drawn.
     *
     * @param violations gets every bad field; the result is good for nothing then
     */
    static BestOf of(StreamGenerateImagesRequest request, ListModelsResponse published, Violations violations) {
        violations.check(
                !request.hasMinScore() || request.hasBestOf(),
                "min_score",
                "left out without best_of",
                request.getMinScore());
        violations.check(
                !request.hasMaxAttempts() || request.hasMinScore(),
                "max_attempts",
                "left out without min_score",
                request.getMaxAttempts());
        if (!request.hasBestOf()) {
            return NONE;
        }
        int delivered = delivered(request.getParameters(), published);
        PublishedLimits.model(request.getParameters().getModel(), published)
                .map(model -> model.getLimits().getMaxNumImagesPerPrompt())
                .ifPresent(
                        most -> violations.range("best_of", request.getBestOf(), Math.clamp(delivered, 1, most), most));
        if (!request.hasMinScore()) {
            return new BestOf(request.getBestOf(), delivered, -1, 1);
        }
        violations.range("min_score", request.getMinScore(), 0.0, MAX_SCORE);
        int attempts = request.hasMaxAttempts() ? request.getMaxAttempts() : USUAL_ATTEMPTS;
        violations.range("max_attempts", attempts, 1, MAX_ATTEMPTS);
        return new BestOf(request.getBestOf(), delivered, request.getMinScore(), attempts);
    }

    private static int delivered(ImageParameters asked, ListModelsResponse published) {
        Optional<Integer> usual = PublishedLimits.model(asked.getModel(), published)
                .map(model -> model.getDefaults().getNumImagesPerPrompt());
        return asked.hasNumImagesPerPrompt() ? asked.getNumImagesPerPrompt() : Math.max(1, usual.orElse(1));
    }

    /** Whether the pictures of the request compete. */
    boolean isAsked() {
        return candidates > 0;
    }

    boolean hasMinScore() {
        return minScore >= 0;
    }

    /** Returns the request for the candidates of the first attempt. */
    GenerateRequest first(GenerateRequest request) {
        GenerateRequest.Builder first = request.toBuilder();
        first.getParametersBuilder().setNumImagesPerPrompt(candidates);
        return first.build();
    }

    /**
     * Returns the request for candidates that no earlier attempt drew.
     *
     * @param attempt from 0
     * @param seed of the very first candidate
     */
    GenerateRequest again(GenerateRequest first, int attempt, long seed) {
        GenerateRequest.Builder again = first.toBuilder();
        again.getParametersBuilder().setSeed(seed + (long) attempt * candidates);
        return again.build();
    }
}
