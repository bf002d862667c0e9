// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.safety;

import dev.darkroom.conformance.Example;
import dev.darkroom.conformance.ServiceConformance;
import dev.darkroom.rpc.ServiceApplication;
import dev.darkroom.safety.v1.CheckPromptRequest;
import dev.darkroom.safety.v1.SafetyServiceGrpc;
import java.util.List;

class SafetyConformanceTest extends ServiceConformance {

    @Override
    protected ServiceApplication.Builder service() {
        return ServiceApplication.named(Application.NAME).property("grpc.server.port", 0);
    }

    @Override
    protected String serviceName() {
        return SafetyServiceGrpc.SERVICE_NAME;
    }

    @Override
    protected Example<?, ?> good() {
        return example(CheckPromptRequest.newBuilder()
                .setPrompt("a knife and a heliotrope")
                .setNegativePrompt("heliotrope jane@example.com"));
    }

    @Override
    protected Example<?, ?> bad() {
        return example(CheckPromptRequest.newBuilder()
                .setPrompt("heliotrope".repeat(1_000))
                .setNegativePrompt("heliotrope\0"));
    }

    @Override
    protected List<String> badFields() {
        return List.of("prompt", "negative_prompt");
    }

    @Override
    protected String secret() {
        return "heliotrope";
    }

    private static Example<?, ?> example(CheckPromptRequest.Builder request) {
        return new Example<>(SafetyServiceGrpc.getCheckPromptMethod(), request.build());
    }
}
