// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.rpc.Fault;
import dev.darkroom.safety.v1.CheckPromptRequest;
import dev.darkroom.safety.v1.SafetyServiceGrpc;
import dev.darkroom.safety.v1.SafetyServiceGrpc.SafetyServiceBlockingStub;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.util.List;

/** Asks the safety service about the words of a request. Fails closed: without its verdict there is no {@link PromptVerdict}. */
@Singleton
final class PromptCheck {
    private final Upstream safety;
    private final SafetyServiceBlockingStub stub;

    PromptCheck(@Named("safety") Upstream safety) {
        this.safety = safety;
        this.stub = SafetyServiceGrpc.newBlockingStub(safety.channel());
    }

    /**
     * Judges prompt and negative prompt.
     *
     * @param policies names of those that apply beside the server's own
     * @throws Fault.Unavailable SAFETY_UNAVAILABLE, if the safety service cannot be reached or does not answer in time
     */
    PromptVerdict judge(String prompt, String negativePrompt, List<String> policies) {
        CheckPromptRequest request = CheckPromptRequest.newBuilder()
                .setPrompt(prompt)
                .setNegativePrompt(negativePrompt)
                .addAllPolicies(policies)
                .build();
        return PromptVerdict.of(safety.call(stub, service -> service.checkPrompt(request)));
    }
}
