// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.rpc.Fault;
import dev.darkroom.safety.v1.CheckPromptRequest;
import dev.darkroom.safety.v1.CheckPromptResponse;
import dev.darkroom.safety.v1.SafetyServiceGrpc;
import dev.darkroom.safety.v1.SafetyServiceGrpc.SafetyServiceBlockingStub;
import dev.darkroom.text2image.v1.ImageParameters;
import jakarta.inject.Named;
import jakarta.inject.Singleton;

/** Asks the safety service about the words of a request. Fails closed: without its verdict there is no {@link PromptVerdict}. */
@Singleton
final class PromptCheck {
    private static final String DEFAULT_POLICY = "default";

    private final Upstream safety;
    private final SafetyServiceBlockingStub stub;

    PromptCheck(@Named("safety") Upstream safety) {
        this.safety = safety;
        this.stub = SafetyServiceGrpc.newBlockingStub(safety.channel());
    }

    /**
     * Judges prompt and negative prompt.
     *
     * @param policy name of a policy; the default one where it is empty
     * @throws Fault.Unavailable SAFETY_UNAVAILABLE, if the safety service cannot be reached or does not answer in time
     */
    PromptVerdict judge(ImageParameters parameters, String policy) {
        CheckPromptRequest request = CheckPromptRequest.newBuilder()
                .setPrompt(parameters.getPrompt())
                .setNegativePrompt(parameters.getNegativePrompt())
                .setPolicy(policy.isEmpty() ? DEFAULT_POLICY : policy)
                .build();
        CheckPromptResponse response = safety.call(stub, service -> service.checkPrompt(request));
        return PromptVerdict.of(response);
    }
}
