// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import com.google.protobuf.ByteString;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.image.UnreadableImageException;
import dev.darkroom.rpc.Admission;
import dev.darkroom.rpc.Cancellation;
import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.RequestLog;
import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.rpc.Violations;
import dev.darkroom.safety.policy.Policies;
import dev.darkroom.safety.policy.Policy;
import dev.darkroom.safety.v1.CheckOutputRequest;
import dev.darkroom.safety.v1.CheckOutputResponse;
import dev.darkroom.safety.v1.CheckPromptRequest;
import dev.darkroom.safety.v1.CheckPromptResponse;
import dev.darkroom.safety.v1.SafetyServiceGrpc.SafetyServiceImplBase;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Singleton;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

/** Proto in, proto out; {@link PromptCheck} and {@link PictureCheck} decide. */
@Singleton
final class SafetyEndpoint extends SafetyServiceImplBase {

    private static final int LONGEST_TEXT = 8_000;
    private static final int MOST_POLICIES = 8;
    private static final int LONGEST_POLICY_NAME = 64;

    private final CompletableFuture<Policies> policies;
    private final PictureLoading pictures;
    private final OutputConfiguration output;
    private final Admission admission;

    SafetyEndpoint(
            CompletableFuture<Policies> policies,
            PictureLoading pictures,
            OutputConfiguration output,
            Admission admission) {
        this.policies = policies;
        this.pictures = pictures;
        this.output = output;
        this.admission = admission;
    }

    @Override
    public void checkPrompt(CheckPromptRequest request, StreamObserver<CheckPromptResponse> observer) {
        ResponseStream.reply(observer, () -> {
            Violations violations = new Violations();
            violations.text("prompt", request.getPrompt(), 0, LONGEST_TEXT);
            violations.text("negative_prompt", request.getNegativePrompt(), 0, LONGEST_TEXT);
            validate(request.getPoliciesList(), violations);
            violations.throwIfAny();
            Verdict verdict = PromptCheck.check(
                    named(request.getPoliciesList()), request.getPrompt(), request.getNegativePrompt());
            log(verdict.policies());
            RequestLog.put("action", verdict.action());
            RequestLog.put("findings", verdict.findings().size());
            return Responses.of(verdict);
        });
    }

    @Override
    public void checkOutput(CheckOutputRequest request, StreamObserver<CheckOutputResponse> observer) {
        ResponseStream.reply(observer, () -> {
            Violations violations = new Violations();
            violations.check(
                    !request.getImage().isEmpty() && request.getImage().size() <= output.maxBytes(),
                    "image",
                    "1 to " + output.maxBytes() + " bytes long",
                    request.getImage().size());
            validate(request.getPoliciesList(), violations);
            violations.throwIfAny();
            List<Policy> applied = named(request.getPoliciesList());
            PictureVerdict verdict = look(request.getImage(), applied);
            log(applied);
            RequestLog.put("verdict", Responses.verdict(verdict));
            return Responses.of(verdict, applied);
        });
    }

    /** Pictures are decoded by few calls at a time: each takes memory. */
    private PictureVerdict look(ByteString image, List<Policy> applied) {
        PictureCheck check = pictures.check();
        if (check == null) {
            return new PictureVerdict.Unchecked();
        }
        try (Admission.Place _ = admission.enter(_ -> {})) {
            RgbImage picture = decode(check, image);
            Cancellation.throwIfCancelled();
            return check.check(picture, applied);
        }
    }

    private static RgbImage decode(PictureCheck check, ByteString image) {
        try {
            return check.decode(image.toByteArray());
        } catch (UnreadableImageException e) {
            Violations violations = new Violations();
            violations.add("image", e.limit(), e.found());
            violations.throwIfAny();
            throw e;
        }
    }

    private static void validate(List<String> names, Violations violations) {
        violations.check(
                names.size() <= MOST_POLICIES, "policies", "at most " + MOST_POLICIES + " names", names.size());
        for (int i = 0; i < Math.min(names.size(), MOST_POLICIES); i++) {
            violations.text("policies[" + i + "]", names.get(i), 1, LONGEST_POLICY_NAME);
        }
    }

    /** The server's own first, then those of the request, each once. */
    private List<Policy> named(List<String> names) {
        Set<String> all = new LinkedHashSet<>();
        all.add(Policies.DEFAULT);
        all.addAll(names);
        return all.stream().map(this::named).toList();
    }

    private Policy named(String name) {
        Policy policy = policies.join().named(name);
        if (policy == null) {
            throw new Fault.NotFound(
                    "POLICY_UNKNOWN", "policy", name, policies.join().names());
        }
        return policy;
    }

    private static void log(List<Policy> applied) {
        RequestLog.put("policies", applied.stream().map(Policy::name).collect(Collectors.joining(",")));
    }
}
