// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.safety.v1.Action;
import dev.darkroom.safety.v1.CheckPromptRequest;
import dev.darkroom.safety.v1.CheckPromptResponse;
import dev.darkroom.safety.v1.Finding;
import dev.darkroom.safety.v1.SafetyServiceGrpc;
import dev.darkroom.safety.v1.Severity;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Blocks "sword", flags "ghost", blocks e-mail addresses in the negative prompt; knows the policy "default" alone. */
final class TestingSafetyService extends SafetyServiceGrpc.SafetyServiceImplBase {
    static final String POLICY_DIGEST = "5afe".repeat(16);

    final AtomicInteger calls = new AtomicInteger();
    /** While true, calls are taken and never answered. */
    volatile boolean silent;
    /** How many of the next calls fail with UNAVAILABLE. */
    final AtomicInteger failures = new AtomicInteger();
    /** Number of the action of every answer; negative: the one of the findings. */
    volatile int claimed = -1;

    @Override
    public void checkPrompt(CheckPromptRequest request, StreamObserver<CheckPromptResponse> responses) {
        calls.incrementAndGet();
        if (silent) {
            return;
        }
        if (failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            responses.onError(Status.UNAVAILABLE.asRuntimeException());
        } else if (!request.getPolicy().equals("default")) {
            responses.onError(unknownPolicy(request.getPolicy()));
        } else {
            responses.onNext(judge(request));
            responses.onCompleted();
        }
    }

    private CheckPromptResponse judge(CheckPromptRequest request) {
        List<Finding> findings = new ArrayList<>();
        find(request.getPrompt(), "prompt", "sword", "weapons", Action.ACTION_BLOCK, findings);
        find(request.getPrompt(), "prompt", "ghost", "fright", Action.ACTION_FLAG, findings);
        find(request.getNegativePrompt(), "negative_prompt", "@", "personal_data", Action.ACTION_BLOCK, findings);
        Action strictest =
                findings.stream().map(Finding::getAction).reduce(Action.ACTION_ALLOW, TestingSafetyService::stricter);
        return CheckPromptResponse.newBuilder()
                .setActionValue(claimed < 0 ? strictest.getNumber() : claimed)
                .addAllFindings(findings)
                .setPolicy(request.getPolicy())
                .setPolicyDigest(POLICY_DIGEST)
                .build();
    }

    private static void find(
            String text, String field, String word, String category, Action action, List<Finding> findings) {
        int start = text.indexOf(word);
        if (start >= 0) {
            findings.add(Finding.newBuilder()
                    .setCategory(category)
                    .setSeverity(Severity.SEVERITY_MEDIUM)
                    .setAction(action)
                    .setField(field)
                    .setStart(start)
                    .setEnd(start + word.length())
                    .build());
        }
    }

    private static Action stricter(Action one, Action other) {
        return one.compareTo(other) >= 0 ? one : other;
    }

    private static RuntimeException unknownPolicy(String policy) {
        String message = "No policy is called " + policy + "; known: default";
        return TestingUpstream.failure(Status.Code.NOT_FOUND, message, "POLICY_UNKNOWN");
    }
}
