// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.Violations;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;
import io.grpc.StatusRuntimeException;
import jakarta.inject.Singleton;
import java.util.List;

/**
 * Refuses what must not even reach the check of the prompt.
 *
 * <p>The other parameters are text2image's to judge, before it does any work, and its list of bad fields is passed on as it is. But
 * a request that is refused here never gets there, so the rest of it is then held against the limits that text2image publishes:
 * either way the caller hears of every bad field at once.
 */
@Singleton
final class RequestCheck {
    private static final int MAX_PROMPT_CODE_POINTS = 2_000;
    private static final int MAX_PREVIEW_INTERVAL = 1_000;
    private static final int MAX_POLICY_NAME_CODE_POINTS = 64;

    private final Generator generator;

    RequestCheck(Generator generator) {
        this.generator = generator;
    }

    /** @throws Fault.InvalidArgument naming every bad field of a request that cannot be checked by the safety service */
    void requireValid(StreamGenerateImagesRequest request) {
        ImageParameters parameters = request.getParameters();
        Violations violations = new Violations();
        violations.text("parameters.prompt", parameters.getPrompt(), 1, MAX_PROMPT_CODE_POINTS);
        violations.text("parameters.negative_prompt", parameters.getNegativePrompt(), 0, MAX_PROMPT_CODE_POINTS);
        violations.range("preview_interval", request.getPreviewInterval(), 0, MAX_PREVIEW_INTERVAL);
        violations.text("safety_policy", request.getSafetyPolicy(), 0, MAX_POLICY_NAME_CODE_POINTS);
        if (!violations.isEmpty()) {
            PublishedLimits.check(parameters, publishedModels(), violations);
        }
        violations.throwIfAny();
    }

    /** None where text2image is away: then what was found so far must do. */
    private List<ImageModel> publishedModels() {
        try {
            return generator.models();
        } catch (Fault.Unavailable | StatusRuntimeException _) {
            return List.of();
        }
    }
}
