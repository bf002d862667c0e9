// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.v1.DeliveredUpscale;
import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.gateway.v1.StreamGenerateImagesResponse;
import dev.darkroom.gateway.v1.StreamUpscaleImageRequest;
import dev.darkroom.gateway.v1.StreamUpscaleImageResponse;
import dev.darkroom.gateway.v1.UpscaleCompleted;
import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.RequestLog;
import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.safety.v1.UsedPolicy;
import dev.darkroom.text2image.v1.GenerateRequest;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;

/** Turns prompts into checked pictures, and pictures into larger checked ones. */
@Singleton
final class GenerationEndpoint extends GenerationServiceGrpc.GenerationServiceImplBase {
    private final RequestCheck requestCheck;
    private final PromptCheck promptCheck;
    private final Generator generator;
    private final Upscaler upscaler;
    private final OutputCheck outputCheck;

    GenerationEndpoint(
            RequestCheck requestCheck,
            PromptCheck promptCheck,
            Generator generator,
            Upscaler upscaler,
            OutputCheck outputCheck) {
        this.requestCheck = requestCheck;
        this.promptCheck = promptCheck;
        this.generator = generator;
        this.upscaler = upscaler;
        this.outputCheck = outputCheck;
    }

    @Override
    public void streamGenerateImages(
            StreamGenerateImagesRequest request, StreamObserver<StreamGenerateImagesResponse> responses) {
        ResponseStream.serve(responses, stream -> generateImages(request, Delivery.ofImages(stream)));
    }

    @Override
    public void streamUpscaleImage(
            StreamUpscaleImageRequest request, StreamObserver<StreamUpscaleImageResponse> responses) {
        ResponseStream.serve(responses, stream -> upscaleImage(request, Delivery.ofUpscale(stream)));
    }

    /** Checks the prompt and the picture to start from, generates, and takes each picture through the {@link Cascade}, in that order. */
    private void generateImages(StreamGenerateImagesRequest request, Delivery<?> delivery) {
        UpscalePlan plan = requestCheck.requireValid(request);
        List<String> policies = policies(request.getSafetyPolicy());
        delivery.operationStarted(operationName());
        String prompt = request.getParameters().getPrompt();
        String negativePrompt = request.getParameters().getNegativePrompt();
        List<UsedPolicy> usedPolicies = requireHarmless(prompt, negativePrompt, policies, delivery);
        if (!request.getImage().isEmpty()) {
            requireHarmless(request.getImage(), policies, delivery);
        }
        Cascade cascade = new Cascade(plan, policies, outputCheck, upscaler, delivery);
        generator.generate(generateRequest(request), cascade::accept);
        cascade.log();
        delivery.completed(cascade.summary(usedPolicies));
    }

    /** Checks the prompt and the picture, enlarges, checks the result and delivers it, in that order. */
    private void upscaleImage(StreamUpscaleImageRequest request, Delivery<?> delivery) {
        requestCheck.requireValid(request);
        List<String> policies = policies(request.getSafetyPolicy());
        delivery.operationStarted(operationName());
        if (!request.getParameters().getPrompt().isEmpty()) {
            requireHarmless(request.getParameters().getPrompt(), "", policies, delivery);
        }
        requireHarmless(request.getImage(), policies, delivery);
        Upscaler.Enlarged enlarged = upscaler.enlarge(request.getImage(), request.getParameters(), delivery);
        delivery.stage("check_output");
        PictureVerdict verdict = outputCheck.judge(enlarged.bytes(), policies);
        log(enlarged);
        deliver(enlarged, verdict, delivery);
        delivery.completed(UpscaleCompleted.newBuilder()
                .setParameters(enlarged.completed().getParameters())
                .setFingerprint(enlarged.completed().getFingerprint())
                .addAllSafetyPolicies(verdict.policies())
                .addAllStageTimes(delivery.stageTimes())
                .build());
    }

    private List<UsedPolicy> requireHarmless(
            String prompt, String negativePrompt, List<String> policies, Delivery<?> delivery) {
        delivery.stage("check_prompt");
        return switch (promptCheck.judge(prompt, negativePrompt, policies)) {
            case PromptVerdict.Blocked blocked ->
                throw refusal("PROMPT_BLOCKED", "this prompt", blocked.categories(), blocked.policies());
            case PromptVerdict.Passed passed -> {
                delivery.promptFlagged(passed.flagged());
                yield passed.policies();
            }
        };
    }

    private void requireHarmless(ByteString picture, List<String> policies, Delivery<?> delivery) {
        delivery.stage("check_base");
        PictureVerdict verdict = outputCheck.judge(picture, policies);
        if (verdict.isBlocked()) {
            throw refusal("IMAGE_BLOCKED", "the picture that was sent", verdict.categories(), verdict.policies());
        }
        delivery.inputFlagged(verdict);
    }

    private static void deliver(Upscaler.Enlarged enlarged, PictureVerdict verdict, Delivery<?> delivery) {
        delivery.found("The enlarged picture", verdict);
        DeliveredUpscale.Builder announcement = DeliveredUpscale.newBuilder()
                .setImage(enlarged.image())
                .setOutputVerdict(verdict.verdict())
                .addAllCategories(verdict.categories());
        if (verdict.isBlocked()) {
            announcement.getImageBuilder().clearSizeBytes().clearSha256();
        }
        delivery.picture(announcement.build(), 0, verdict.isBlocked() ? ByteString.EMPTY : enlarged.bytes());
    }

    private static Fault.Refused refusal(
            String reason, String subject, List<String> categories, List<UsedPolicy> policies) {
        String found = String.join(",", categories);
        List<String> names = policies.stream().map(UsedPolicy::getName).toList();
        String who = names.size() == 1
                ? "The safety policy " + names.getFirst() + " blocks "
                : "One of the safety policies " + String.join(", ", names) + " blocks ";
        return new Fault.Refused(
                reason,
                who + subject + ": " + found,
                Map.of("categories", found, "safety_policies", String.join(",", names)));
    }

    /** The policies of the caller's API key and of the request. Both apply beside the server's own, and the strictest counts. */
    private static List<String> policies(String requested) {
        return Stream.of(ApiKeyInterceptor.policyOfCaller(), requested)
                .filter(policy -> !policy.isEmpty())
                .distinct()
                .toList();
    }

    private static String operationName() {
        String name = "operations/" + UUID.randomUUID();
        RequestLog.put("operation", name);
        return name;
    }

    private static GenerateRequest generateRequest(StreamGenerateImagesRequest request) {
        return GenerateRequest.newBuilder()
                .setParameters(request.getParameters())
                .setPreviewInterval(request.getPreviewInterval())
                .setImage(request.getImage())
                .build();
    }

    private static void log(Upscaler.Enlarged enlarged) {
        RequestLog.put("model", enlarged.completed().getParameters().getModel());
        RequestLog.put(
                "num_inference_steps", enlarged.completed().getParameters().getNumInferenceSteps());
        RequestLog.put("width", enlarged.image().getWidth());
        RequestLog.put("height", enlarged.image().getHeight());
        RequestLog.put("seed", enlarged.completed().getParameters().getSeed());
    }
}
