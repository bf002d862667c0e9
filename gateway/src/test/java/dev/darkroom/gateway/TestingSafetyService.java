// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.ByteString;
import dev.darkroom.safety.v1.Action;
import dev.darkroom.safety.v1.CheckOutputRequest;
import dev.darkroom.safety.v1.CheckOutputResponse;
import dev.darkroom.safety.v1.CheckPromptRequest;
import dev.darkroom.safety.v1.CheckPromptResponse;
import dev.darkroom.safety.v1.Finding;
import dev.darkroom.safety.v1.OutputFinding;
import dev.darkroom.safety.v1.OutputVerdict;
import dev.darkroom.safety.v1.SafetyServiceGrpc;
import dev.darkroom.safety.v1.Severity;
import dev.darkroom.safety.v1.UsedPolicy;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * The policy "default" blocks "sword", flags "ghost" and blocks e-mail addresses in the negative prompt; "strict" blocks "ghost" too,
 * "lax" blocks nothing. Whichever are named, "default" applies, and the strictest counts. Of pictures it knows what it is told.
 */
final class TestingSafetyService extends SafetyServiceGrpc.SafetyServiceImplBase {
    static final String POLICY_DIGEST = "5afe".repeat(16);

    private static final Map<String, Map<String, Action>> POLICIES = Map.of(
            "default",
            Map.of("weapons", Action.ACTION_BLOCK, "fright", Action.ACTION_FLAG, "personal_data", Action.ACTION_BLOCK),
            "strict",
            Map.of("weapons", Action.ACTION_BLOCK, "fright", Action.ACTION_BLOCK),
            "lax",
            Map.of());

    /** Calls of CheckPrompt. */
    final AtomicInteger calls = new AtomicInteger();
    /** Pictures that were looked at, in the order of their arrival. */
    final Queue<CheckOutputRequest> pictures = new ConcurrentLinkedQueue<>();
    /** The policies that prompts were checked under beside the default one. */
    final Queue<List<String>> promptPolicies = new ConcurrentLinkedQueue<>();
    /** What is to be seen in a picture: a category of the policies. */
    final Map<ByteString, String> depicted = new ConcurrentHashMap<>();
    /** Whether there is a model that looks at pictures. */
    volatile boolean looks = true;
    /** How many of the next pictures are looked at before the service goes away for good. */
    final AtomicInteger looksLeft = new AtomicInteger(Integer.MAX_VALUE);
    /** While true, calls are taken and never answered. */
    volatile boolean silent;
    /** How many of the next calls of CheckPrompt fail with UNAVAILABLE. */
    final AtomicInteger failures = new AtomicInteger();
    /** Number of the action of every answer; negative: the one of the findings. */
    volatile int claimed = -1;
    /** Number of the verdict of every answer; negative: the one of the findings. */
    volatile int claimedVerdict = -1;

    @Override
    public void checkPrompt(CheckPromptRequest request, StreamObserver<CheckPromptResponse> responses) {
        calls.incrementAndGet();
        if (silent) {
            return;
        }
        promptPolicies.add(request.getPoliciesList());
        if (failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            responses.onError(Status.UNAVAILABLE.asRuntimeException());
        } else if (!POLICIES.keySet().containsAll(request.getPoliciesList())) {
            responses.onError(unknownPolicy(request.getPoliciesList()));
        } else {
            responses.onNext(judge(request));
            responses.onCompleted();
        }
    }

    @Override
    public void checkOutput(CheckOutputRequest request, StreamObserver<CheckOutputResponse> responses) {
        pictures.add(request);
        if (looksLeft.getAndDecrement() <= 0) {
            responses.onError(Status.UNAVAILABLE.asRuntimeException());
        } else if (!POLICIES.keySet().containsAll(request.getPoliciesList())) {
            responses.onError(unknownPolicy(request.getPoliciesList()));
        } else {
            responses.onNext(look(request));
            responses.onCompleted();
        }
    }

    private CheckOutputResponse look(CheckOutputRequest request) {
        CheckOutputResponse.Builder response =
                CheckOutputResponse.newBuilder().addAllPolicies(used(request.getPoliciesList()));
        if (!looks) {
            return response.setVerdict(OutputVerdict.OUTPUT_VERDICT_UNCHECKED).build();
        }
        String category = depicted.getOrDefault(request.getImage(), "");
        Action action = strictest(category, request.getPoliciesList());
        if (action != Action.ACTION_ALLOW) {
            response.addFindings(OutputFinding.newBuilder()
                    .setConcept("a " + category)
                    .setCategory(category)
                    .setSeverity(Severity.SEVERITY_MEDIUM)
                    .setAction(action)
                    .setScore(0.1f));
        }
        return response.setVerdictValue(claimedVerdict < 0 ? verdict(action).getNumber() : claimedVerdict)
                .build();
    }

    private static OutputVerdict verdict(Action action) {
        return switch (action) {
            case ACTION_BLOCK -> OutputVerdict.OUTPUT_VERDICT_BLOCKED;
            case ACTION_FLAG -> OutputVerdict.OUTPUT_VERDICT_FLAGGED;
            case ACTION_ALLOW, ACTION_UNSPECIFIED, UNRECOGNIZED -> OutputVerdict.OUTPUT_VERDICT_ALLOWED;
        };
    }

    private CheckPromptResponse judge(CheckPromptRequest request) {
        List<Finding> findings = new ArrayList<>();
        List<String> policies = request.getPoliciesList();
        find(request.getPrompt(), "prompt", "sword", "weapons", policies, findings);
        find(request.getPrompt(), "prompt", "ghost", "fright", policies, findings);
        find(request.getNegativePrompt(), "negative_prompt", "@", "personal_data", policies, findings);
        Action strictest =
                findings.stream().map(Finding::getAction).reduce(Action.ACTION_ALLOW, TestingSafetyService::stricter);
        return CheckPromptResponse.newBuilder()
                .setActionValue(claimed < 0 ? strictest.getNumber() : claimed)
                .addAllFindings(findings)
                .addAllPolicies(used(policies))
                .build();
    }

    private static void find(
            String text, String field, String word, String category, List<String> policies, List<Finding> findings) {
        int start = text.indexOf(word);
        if (start >= 0) {
            findings.add(Finding.newBuilder()
                    .setCategory(category)
                    .setSeverity(Severity.SEVERITY_MEDIUM)
                    .setAction(strictest(category, policies))
                    .setField(field)
                    .setStart(start)
                    .setEnd(start + word.length())
                    .build());
        }
    }

    private static Action strictest(String category, List<String> policies) {
        return Stream.concat(Stream.of("default"), policies.stream())
                .map(policy -> POLICIES.getOrDefault(policy, Map.of()).getOrDefault(category, Action.ACTION_ALLOW))
                .reduce(Action.ACTION_ALLOW, TestingSafetyService::stricter);
    }

    private static Action stricter(Action one, Action other) {
        return one.compareTo(other) >= 0 ? one : other;
    }

    private static List<UsedPolicy> used(List<String> policies) {
        return Stream.concat(Stream.of("default"), policies.stream())
                .distinct()
                .map(name -> UsedPolicy.newBuilder()
                        .setName(name)
                        .setDigest(POLICY_DIGEST)
                        .build())
                .toList();
    }

    private static RuntimeException unknownPolicy(List<String> policies) {
        String message = "No policy is called " + policies.getLast() + "; known: default, lax, strict";
        return TestingUpstream.failure(Status.Code.NOT_FOUND, message, "POLICY_UNKNOWN");
    }
}
