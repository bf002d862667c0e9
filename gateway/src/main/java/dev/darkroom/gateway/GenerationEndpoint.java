// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.longrunning.Operation;
import dev.darkroom.caption.v1.ScoreAlignmentRequest;
import dev.darkroom.gateway.job.Jobs;
import dev.darkroom.gateway.v1.CaptionImageRequest;
import dev.darkroom.gateway.v1.CaptionImageResponse;
import dev.darkroom.gateway.v1.CaptionImagesRequest;
import dev.darkroom.gateway.v1.EstimateGenerationRequest;
import dev.darkroom.gateway.v1.EstimateGenerationResponse;
import dev.darkroom.gateway.v1.GenerateImagesRequest;
import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.ScoreImagesRequest;
import dev.darkroom.gateway.v1.ScoreImagesResponse;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.gateway.v1.StreamGenerateImagesResponse;
import dev.darkroom.gateway.v1.StreamGenerateVideoRequest;
import dev.darkroom.gateway.v1.StreamGenerateVideoResponse;
import dev.darkroom.gateway.v1.StreamUpscaleImageRequest;
import dev.darkroom.gateway.v1.StreamUpscaleImageResponse;
import dev.darkroom.gateway.v1.UpscaleImageRequest;
import dev.darkroom.gateway.v1.WatchOperationRequest;
import dev.darkroom.gateway.v1.WatchOperationResponse;
import dev.darkroom.rpc.ResponseStream;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Singleton;

/** Serves the public API of generation: while the caller waits, or as jobs. */
@Singleton
final class GenerationEndpoint extends GenerationServiceGrpc.GenerationServiceImplBase {
    private final RequestCheck requestCheck;
    private final Generation generation;
    private final Describer describer;
    private final Captioner captioner;
    private final Submissions submissions;
    private final Jobs jobs;

    GenerationEndpoint(
            RequestCheck requestCheck,
            Generation generation,
            Describer describer,
            Captioner captioner,
            Submissions submissions,
            Jobs jobs) {
        this.requestCheck = requestCheck;
        this.generation = generation;
        this.describer = describer;
        this.captioner = captioner;
        this.submissions = submissions;
        this.jobs = jobs;
    }

    @Override
    public void streamGenerateImages(
            StreamGenerateImagesRequest request, StreamObserver<StreamGenerateImagesResponse> responses) {
        ResponseStream.serve(
                responses,
                stream -> generation.generateImages(
                        request, Policies.ofCaller(request.getSafetyPolicy()), Delivery.ofImages(stream)));
    }

    @Override
    public void streamUpscaleImage(
            StreamUpscaleImageRequest request, StreamObserver<StreamUpscaleImageResponse> responses) {
        ResponseStream.serve(
                responses,
                stream -> generation.upscaleImage(
                        request, Policies.ofCaller(request.getSafetyPolicy()), Delivery.ofUpscale(stream)));
    }

    @Override
    public void streamGenerateVideo(
            StreamGenerateVideoRequest request, StreamObserver<StreamGenerateVideoResponse> responses) {
        ResponseStream.serve(
                responses,
                stream -> generation.generateVideo(
                        request, Policies.ofCaller(request.getSafetyPolicy()), Delivery.ofVideo(stream)));
    }

    @Override
    public void captionImage(CaptionImageRequest request, StreamObserver<CaptionImageResponse> responses) {
        ResponseStream.reply(responses, () -> {
            requestCheck.requireValid(request);
            return describer.describe(request, Policies.ofCaller(request.getSafetyPolicy()));
        });
    }

    @Override
    public void scoreImages(ScoreImagesRequest request, StreamObserver<ScoreImagesResponse> responses) {
        ResponseStream.reply(responses, () -> scoreImages(request));
    }

    @Override
    public void generateImages(GenerateImagesRequest request, StreamObserver<Operation> responses) {
        ResponseStream.reply(responses, () -> submissions.submit(request));
    }

    @Override
    public void upscaleImage(UpscaleImageRequest request, StreamObserver<Operation> responses) {
        ResponseStream.reply(responses, () -> submissions.submit(request));
    }

    @Override
    public void captionImages(CaptionImagesRequest request, StreamObserver<Operation> responses) {
        ResponseStream.reply(responses, () -> submissions.submit(request));
    }

    @Override
    public void watchOperation(WatchOperationRequest request, StreamObserver<WatchOperationResponse> responses) {
        ResponseStream.serve(responses, stream -> jobs.watch(Tenant.ofCaller(), request, stream));
    }

    @Override
    public void estimateGeneration(
            EstimateGenerationRequest request, StreamObserver<EstimateGenerationResponse> responses) {
        ResponseStream.reply(responses, () -> submissions.estimate(request));
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
}
