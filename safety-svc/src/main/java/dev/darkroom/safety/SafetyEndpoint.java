// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.RequestLog;
import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.rpc.Violations;
import dev.darkroom.safety.policy.Policies;
import dev.darkroom.safety.policy.Policy;
import dev.darkroom.safety.v1.Action;
import dev.darkroom.safety.v1.CheckPromptRequest;
import dev.darkroom.safety.v1.CheckPromptResponse;
import dev.darkroom.safety.v1.SafetyServiceGrpc.SafetyServiceImplBase;
import dev.darkroom.safety.v1.Severity;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Singleton;
import java.util.concurrent.CompletableFuture;

/** Proto in, proto out; {@link PromptCheck} decides. */
@Singleton
final class SafetyEndpoint extends SafetyServiceImplBase {

    private static final int LONGEST_TEXT = 8_000;
    private static final int LONGEST_POLICY_NAME = 64;

    private final CompletableFuture<Policies> policies;

    SafetyEndpoint(CompletableFuture<Policies> policies) {
        this.policies = policies;
    }

    @Override
    public void checkPrompt(CheckPromptRequest request, StreamObserver<CheckPromptResponse> observer) {
        ResponseStream.reply(observer, () -> {
            validate(request);
            Verdict verdict = PromptCheck.check(policyOf(request), request.getPrompt(), request.getNegativePrompt());
            RequestLog.put("policy", verdict.policy().name());
            RequestLog.put("action", verdict.action());
            RequestLog.put("findings", verdict.findings().size());
            return toProto(verdict);
        });
    }

    private static void validate(CheckPromptRequest request) {
        Violations violations = new Violations();
        violations.text("prompt", request.getPrompt(), 0, LONGEST_TEXT);
        violations.text("negative_prompt", request.getNegativePrompt(), 0, LONGEST_TEXT);
        violations.text("policy", request.getPolicy(), 0, LONGEST_POLICY_NAME);
        violations.throwIfAny();
    }

    private Policy policyOf(CheckPromptRequest request) {
        String name = request.getPolicy().isEmpty() ? Policies.DEFAULT : request.getPolicy();
        Policy policy = policies.join().named(name);
        if (policy == null) {
            throw new Fault.NotFound(
                    "POLICY_UNKNOWN", "policy", name, policies.join().names());
        }
        return policy;
    }

    private static CheckPromptResponse toProto(Verdict verdict) {
        CheckPromptResponse.Builder response = CheckPromptResponse.newBuilder()
                .setAction(toProto(verdict.action()))
                .setPolicy(verdict.policy().name())
                .setPolicyDigest(verdict.policy().digest());
        verdict.findings().forEach(finding -> response.addFindings(toProto(finding)));
        return response.build();
    }

    private static dev.darkroom.safety.v1.Finding toProto(Finding finding) {
        return dev.darkroom.safety.v1.Finding.newBuilder()
                .setCategory(finding.category().name())
                .setSeverity(toProto(finding.category().severity()))
                .setAction(toProto(finding.category().action()))
                .setField(toProto(finding.field()))
                .setStart(finding.span().start())
                .setEnd(finding.span().end())
                .build();
    }

    private static Action toProto(dev.darkroom.safety.policy.Action action) {
        return switch (action) {
            case ALLOW -> Action.ACTION_ALLOW;
            case FLAG -> Action.ACTION_FLAG;
            case BLOCK -> Action.ACTION_BLOCK;
        };
    }

    private static Severity toProto(dev.darkroom.safety.policy.Severity severity) {
        return switch (severity) {
            case LOW -> Severity.SEVERITY_LOW;
            case MEDIUM -> Severity.SEVERITY_MEDIUM;
            case HIGH -> Severity.SEVERITY_HIGH;
        };
    }

    private static String toProto(Finding.Field field) {
        return switch (field) {
            case PROMPT -> "prompt";
            case NEGATIVE_PROMPT -> "negative_prompt";
        };
    }
}
