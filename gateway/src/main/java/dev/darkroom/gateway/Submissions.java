// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.longrunning.Operation;
import com.google.protobuf.Message;
import dev.darkroom.gateway.job.Jobs;
import dev.darkroom.gateway.job.Shape;
import dev.darkroom.gateway.job.Submission;
import dev.darkroom.gateway.v1.CaptionImagesRequest;
import dev.darkroom.gateway.v1.EstimateGenerationRequest;
import dev.darkroom.gateway.v1.EstimateGenerationResponse;
import dev.darkroom.gateway.v1.GenerateImagesRequest;
import dev.darkroom.gateway.v1.JobKind;
import dev.darkroom.gateway.v1.JobOptions;
import dev.darkroom.gateway.v1.UpscaleImageRequest;
import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.Violations;
import jakarta.inject.Singleton;
import java.util.List;

/**
 * Takes in jobs: what is wrong with a request, and what a policy blocks of its words, its caller hears before anything is stored. Each
 * method works for the tenant and under the policies of the calling thread's call. Thread-safe.
 */
@Singleton
final class Submissions {
    private static final int MAX_IMAGES = 64;
    private static final int MAX_IMAGES_BYTES = 16 << 20;

    private final RequestCheck requestCheck;
    private final PromptCheck promptCheck;
    private final AlignmentJudge judge;
    private final Jobs jobs;

    Submissions(RequestCheck requestCheck, PromptCheck promptCheck, AlignmentJudge judge, Jobs jobs) {
        this.requestCheck = requestCheck;
        this.promptCheck = promptCheck;
        this.judge = judge;
        this.jobs = jobs;
    }

    Operation submit(GenerateImagesRequest request) {
        RequestCheck.JobPlan checked = check(request);
        requireHarmless(
                request.getParameters().getPrompt(),
                request.getParameters().getNegativePrompt(),
                request.getSafetyPolicy());
        return submit(
                JobKind.JOB_KIND_GENERATE_IMAGES,
                request,
                JobRequests.seeded(request),
                request.getOptions(),
                JobShapes.of(request, checked));
    }

    Operation submit(UpscaleImageRequest request) {
        check(request);
        requireHarmless(request.getParameters().getPrompt(), "", request.getSafetyPolicy());
        return submit(
                JobKind.JOB_KIND_UPSCALE_IMAGE,
                request,
                JobRequests.seeded(request),
                request.getOptions(),
                JobShapes.of(request));
    }

    Operation submit(CaptionImagesRequest request) {
        check(request);
        requireHarmless(request.getParameters().getPrefix(), "", request.getSafetyPolicy());
        return submit(JobKind.JOB_KIND_CAPTION_IMAGES, request, request, request.getOptions(), JobShapes.of(request));
    }

    private Operation submit(JobKind kind, Message asked, Message stored, JobOptions options, Shape shape) {
        return jobs.submit(new Submission(Tenant.ofCaller(), kind, asked, stored, options, Policies.ofKey(), shape));
    }

    /** Predicts; the words are not looked at, as nothing is done with them. */
    EstimateGenerationResponse estimate(EstimateGenerationRequest request) {
        return switch (request.getWorkCase()) {
            case GENERATE_IMAGES -> {
                GenerateImagesRequest images = request.getGenerateImages();
                RequestCheck.JobPlan checked = check(images);
                yield estimate(images.getOptions(), JobShapes.of(images, checked), JobShapes.steps(images, checked));
            }
            case UPSCALE_IMAGE -> {
                UpscaleImageRequest upscale = request.getUpscaleImage();
                check(upscale);
                yield estimate(upscale.getOptions(), JobShapes.of(upscale), JobShapes.steps(upscale));
            }
            case CAPTION_IMAGES -> {
                check(request.getCaptionImages());
                yield estimate(request.getCaptionImages().getOptions(), JobShapes.of(request.getCaptionImages()), 0);
            }
            case WORK_NOT_SET -> {
                Violations violations = new Violations();
                violations.add("work", "one of generate_images, upscale_image, caption_images", "none");
                violations.throwIfAny();
                yield EstimateGenerationResponse.getDefaultInstance();
            }
        };
    }

    private EstimateGenerationResponse estimate(JobOptions options, Shape shape, long steps) {
        return jobs.estimate(Tenant.ofCaller(), options, shape, steps);
    }

    private RequestCheck.JobPlan check(GenerateImagesRequest request) {
        RequestCheck.JobPlan checked =
                requestCheck.requireValid(JobRequests.direct(request), optionsOf(request.getOptions()));
        if (checked.plan().bestOf().isAsked()) {
            judge.requireAvailable();
        }
        return checked;
    }

    private void check(UpscaleImageRequest request) {
        requestCheck.requireValid(JobRequests.direct(request), optionsOf(request.getOptions()));
    }

    private void check(CaptionImagesRequest request) {
        Violations violations = optionsOf(request.getOptions());
        int count = request.getImagesCount();
        violations.check(count >= 1 && count <= MAX_IMAGES, "images", "1 to " + MAX_IMAGES, count);
        long size = request.getImagesList().stream()
                .mapToLong(image -> image.size())
                .sum();
        violations.check(size <= MAX_IMAGES_BYTES, "images", "at most " + MAX_IMAGES_BYTES + " bytes in all", size);
        for (int i = 0; i < Math.min(count, MAX_IMAGES); i++) {
            violations.check(!request.getImages(i).isEmpty(), "images[" + i + "]", "at least 1 byte long", 0);
        }
        requestCheck.requireValid(JobRequests.direct(request, 0), violations);
    }

    private Violations optionsOf(JobOptions options) {
        Violations violations = new Violations();
        jobs.check(options, violations);
        return violations;
    }

    /** @throws Fault.Refused PROMPT_BLOCKED */
    private void requireHarmless(String prompt, String negativePrompt, String policy) {
        List<String> policies = Policies.ofCaller(policy);
        boolean silent = prompt.isEmpty() && negativePrompt.isEmpty();
        if (!silent && promptCheck.judge(prompt, negativePrompt, policies) instanceof PromptVerdict.Blocked blocked) {
            throw Refusals.of(blocked);
        }
    }
}
