// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.ByteString;
import dev.darkroom.caption.v1.ScoreAlignmentRequest;
import dev.darkroom.gateway.v1.CaptionImageRequest;
import dev.darkroom.gateway.v1.CaptionImageResponse;
import dev.darkroom.gateway.v1.DeliveredUpscale;
import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.ImagesCompleted;
import dev.darkroom.gateway.v1.ScoreImagesRequest;
import dev.darkroom.gateway.v1.ScoreImagesResponse;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.gateway.v1.StreamGenerateImagesResponse;
import dev.darkroom.gateway.v1.StreamGenerateVideoRequest;
import dev.darkroom.gateway.v1.StreamGenerateVideoResponse;
import dev.darkroom.gateway.v1.StreamUpscaleImageRequest;
import dev.darkroom.gateway.v1.StreamUpscaleImageResponse;
import dev.darkroom.gateway.v1.UpscaleCompleted;
import dev.darkroom.rpc.RequestLog;
import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.safety.v1.UsedPolicy;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2video.v1.VideoParameters;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/** Turns prompts into checked pictures, pictures into larger checked ones, and pictures into checked words. */
@Singleton
final class GenerationEndpoint extends GenerationServiceGrpc.GenerationServiceImplBase {
    private final RequestCheck requestCheck;
    private final PromptCheck promptCheck;
    private final Generator generator;
    private final Upscaler upscaler;
    private final OutputCheck outputCheck;
    private final AlignmentJudge judge;
    private final Describer describer;
    private final Captioner captioner;
    private final VideoMaker videoMaker;
    private final GatewayConfiguration configuration;

    GenerationEndpoint(
            RequestCheck requestCheck,
            PromptCheck promptCheck,
            Generator generator,
            Upscaler upscaler,
            OutputCheck outputCheck,
            AlignmentJudge judge,
            Describer describer,
            Captioner captioner,
            VideoMaker videoMaker,
            GatewayConfiguration configuration) {
        this.requestCheck = requestCheck;
        this.promptCheck = promptCheck;
        this.generator = generator;
        this.upscaler = upscaler;
        this.outputCheck = outputCheck;
        this.judge = judge;
        this.describer = describer;
        this.captioner = captioner;
        this.videoMaker = videoMaker;
        this.configuration = configuration;
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

    @Override
    public void streamGenerateVideo(
            StreamGenerateVideoRequest request, StreamObserver<StreamGenerateVideoResponse> responses) {
        ResponseStream.serve(responses, stream -> generateVideo(request, Delivery.ofVideo(stream)));
    }

    @Override
    public void captionImage(CaptionImageRequest request, StreamObserver<CaptionImageResponse> responses) {
        ResponseStream.reply(responses, () -> {
            requestCheck.requireValid(request);
            return describer.describe(request, policies(request.getSafetyPolicy()));
        });
    }

    @Override
    public void scoreImages(ScoreImagesRequest request, StreamObserver<ScoreImagesResponse> responses) {
        ResponseStream.reply(responses, () -> scoreImages(request));
    }

    /**
     * Checks the prompt and the picture to start from, generates, and takes each picture, or the best ones of a {@link Contest}, through the
     * {@link Cascade}, in that order.
     */
    private void generateImages(StreamGenerateImagesRequest request, Delivery<?> delivery) {
        RequestCheck.Plan plan = requestCheck.requireValid(request);
        if (plan.bestOf().isAsked()) {
            judge.requireAvailable();
        }
        List<String> policies = policies(request.getSafetyPolicy());
        delivery.operationStarted(operationName());
        String prompt = request.getParameters().getPrompt();
        String negativePrompt = request.getParameters().getNegativePrompt();
        List<UsedPolicy> usedPolicies =
                requireHarmless(prompt, negativePrompt, policies, delivery).policies();
        if (!request.getImage().isEmpty()) {
            requireHarmless(request.getImage(), policies, delivery);
        }
        Cascade cascade = new Cascade(plan.upscale(), policies, outputCheck, upscaler, delivery);
        ImagesCompleted.Builder completed = ImagesCompleted.newBuilder();
        if (plan.bestOf().isAsked()) {
            Contest contest = new Contest(plan.bestOf(), generator, judge, cascade, delivery);
            completed.setSelection(contest.run(generateRequest(request)));
        } else {
            generator.generate(generateRequest(request), cascade::accept);
        }
        cascade.log();
        delivery.completed(completed.mergeFrom(cascade.summary(usedPolicies)).build());
    }

    /** Checks the prompt and the picture, enlarges, checks the result and delivers it, in that order. */
    private void upscaleImage(StreamUpscaleImageRequest request, Delivery<?> delivery) {
        requestCheck.requireValid(request);
        List<String> policies = policies(request.getSafetyPolicy());
        delivery.operationStarted(operationName());
        if (!request.getParameters().getPrompt().isEmpty()) {
            var _ = requireHarmless(request.getParameters().getPrompt(), "", policies, delivery);
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

    /** Checks the prompt, generates, and checks frames as they come; the clip is delivered after the last of them, in that order. */
    private void generateVideo(StreamGenerateVideoRequest request, Delivery<?> delivery) {
        requestCheck.requireValid(request);
        List<String> policies = policies(request.getSafetyPolicy());
        delivery.operationStarted(operationName());
        VideoParameters asked = request.getParameters();
        PromptVerdict.Passed passed = requireHarmless(asked.getPrompt(), asked.getNegativePrompt(), policies, delivery);
        boolean suspicious = !passed.flagged().isEmpty();
        VideoGeneration generation = new VideoGeneration(
                asked, policies, outputCheck, configuration.videoCheckInterval(), suspicious, delivery);
        videoMaker.generate(generateRequest(request), generation::accept);
        generation.log();
        delivery.completed(generation.summary(passed.policies()));
    }

    private PromptVerdict.Passed requireHarmless(
            String prompt, String negativePrompt, List<String> policies, Delivery<?> delivery) {
        delivery.stage("check_prompt");
        return switch (promptCheck.judge(prompt, negativePrompt, policies)) {
            case PromptVerdict.Blocked blocked -> throw Refusals.of(blocked);
            case PromptVerdict.Passed passed -> {
                delivery.promptFlagged(passed.flagged());
                yield passed;
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

    /** Neither pictures nor texts are checked: nothing of them comes back. */
    private ScoreImagesResponse scoreImages(ScoreImagesRequest request) {
        ScoreAlignmentRequest alignment = ScoreAlignmentRequest.newBuilder()
                .setModel(request.getModel())
                .setFormValue(request.getFormValue())
                .setVariantValue(request.getVariantValue())
                .addAllImages(request.getImagesList())
                .addAllTexts(request.getTextsList())
                .build();
        return ScoreImagesResponse.newBuilder()
                .setAlignment(captioner.score(alignment))
                .build();
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

    private static dev.darkroom.text2video.v1.GenerateRequest generateRequest(StreamGenerateVideoRequest request) {
        return dev.darkroom.text2video.v1.GenerateRequest.newBuilder()
                .setParameters(request.getParameters())
                .setPreviewInterval(request.getPreviewInterval())
                .setIncludeFrames(true)
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
