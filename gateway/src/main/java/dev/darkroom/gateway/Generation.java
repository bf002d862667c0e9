// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.v1.DeliveredUpscale;
import dev.darkroom.gateway.v1.ImagesCompleted;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.gateway.v1.StreamUpscaleImageRequest;
import dev.darkroom.gateway.v1.UpscaleCompleted;
import dev.darkroom.rpc.RequestLog;
import dev.darkroom.safety.v1.UsedPolicy;
import dev.darkroom.text2image.v1.GenerateRequest;
import jakarta.inject.Singleton;
import java.util.List;

/** Turns prompts into checked pictures, and pictures into larger checked ones, for callers and for jobs alike. Thread-safe. */
@Singleton
final class Generation {
    private final RequestCheck requestCheck;
    private final PromptCheck promptCheck;
    private final Generator generator;
    private final Upscaler upscaler;
    private final OutputCheck outputCheck;
    private final AlignmentJudge judge;

    Generation(
            RequestCheck requestCheck,
            PromptCheck promptCheck,
            Generator generator,
            Upscaler upscaler,
            OutputCheck outputCheck,
            AlignmentJudge judge) {
        this.requestCheck = requestCheck;
        this.promptCheck = promptCheck;
        this.generator = generator;
        this.upscaler = upscaler;
        this.outputCheck = outputCheck;
        this.judge = judge;
    }

    /**
     * Checks the prompt and the picture to start from, generates, and takes each picture, or the best ones of a {@link Contest}, through the
     * {@link Cascade}, in that order.
     *
     * @param policies names of those that apply beside the server's own
     */
    void generateImages(StreamGenerateImagesRequest request, List<String> policies, Delivery<?> delivery) {
        RequestCheck.Plan plan = requestCheck.requireValid(request);
        if (plan.bestOf().isAsked()) {
            judge.requireAvailable();
        }
        delivery.operationStarted();
        String prompt = request.getParameters().getPrompt();
        String negativePrompt = request.getParameters().getNegativePrompt();
        List<UsedPolicy> usedPolicies = requireHarmless(prompt, negativePrompt, policies, delivery);
        if (!request.getImage().isEmpty()) {
            requireHarmless(request.getImage(), policies, delivery);
        }
        Cascade cascade = new Cascade(plan.upscale(), policies, outputCheck, upscaler, delivery);
        ImagesCompleted.Builder completed = ImagesCompleted.newBuilder();
        if (plan.bestOf().isAsked()) {
            Contest contest = new Contest(plan.bestOf(), generator, judge, cascade, delivery);
            completed.setSelection(contest.run(generateRequest(request)));
        } else {
            generator.generate(resumable(generateRequest(request), delivery), cascade::accept);
        }
        cascade.log();
        delivery.completed(completed.mergeFrom(cascade.summary(usedPolicies)).build());
    }

    /**
     * Checks the prompt and the picture, enlarges, checks the result and delivers it, in that order.
     *
     * @param policies names of those that apply beside the server's own
     */
    void upscaleImage(StreamUpscaleImageRequest request, List<String> policies, Delivery<?> delivery) {
        requestCheck.requireValid(request);
        delivery.operationStarted();
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
            case PromptVerdict.Blocked blocked -> throw Refusals.of(blocked);
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
            throw Refusals.of(verdict);
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

    /** Asks for checkpoints, and to go on from those that there are, where the work can be taken up by another worker. */
    private static GenerateRequest resumable(GenerateRequest request, Delivery<?> delivery) {
        return request.toBuilder()
                .setCheckpointInterval(delivery.checkpointInterval())
                .addAllResume(delivery.resume())
                .build();
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
