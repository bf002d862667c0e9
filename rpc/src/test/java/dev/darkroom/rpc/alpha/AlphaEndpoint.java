// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc.alpha;

import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.safety.v1.CheckPromptRequest;
import dev.darkroom.safety.v1.CheckPromptResponse;
import dev.darkroom.safety.v1.SafetyServiceGrpc;
import dev.darkroom.safety.v1.UsedPolicy;
import io.grpc.stub.StreamObserver;
import io.micronaut.context.annotation.Property;
import jakarta.inject.Singleton;

@Singleton
final class AlphaEndpoint extends SafetyServiceGrpc.SafetyServiceImplBase {

    private final String greeting;

    AlphaEndpoint(@Property(name = "greeting") String greeting) {
        this.greeting = greeting;
    }

    @Override
    public void checkPrompt(CheckPromptRequest request, StreamObserver<CheckPromptResponse> observer) {
        ResponseStream.reply(
                observer,
                () -> CheckPromptResponse.newBuilder()
                        .addPolicies(UsedPolicy.newBuilder().setName(greeting))
                        .build());
    }
}
