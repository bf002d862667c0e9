// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.gateway.v1.StreamGenerateImagesResponse;
import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.RequestLog;
import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.GenerateResponse;
import dev.darkroom.text2image.v1.ImageParameters;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.UUID;

/** Turns prompts into checked pictures. */
@Singleton
final class GenerationEndpoint extends GenerationServiceGrpc.GenerationServiceImplBase {
    private final RequestCheck requestCheck;
    private final PromptCheck promptCheck;
    private final Generator generator;
    private final OutputCheck outputCheck;

    GenerationEndpoint(
            RequestCheck requestCheck, PromptCheck promptCheck, Generator generator, OutputCheck outputCheck) {
        this.requestCheck = requestCheck;
        this.promptCheck = promptCheck;
        this.generator = generator;
        this.outputCheck = outputCheck;
    }

    @Override
    public void streamGenerateImages(
            StreamGenerateImagesRequest request, StreamObserver<StreamGenerateImagesResponse> responses) {
        ResponseStream.serve(responses, stream -> generateImages(request, new Delivery(stream)));
    }

    /** Checks the prompt, generates, checks each picture and delivers it, in that order. */
    private void generateImages(StreamGenerateImagesRequest request, Delivery delivery) {
        requestCheck.requireValid(request);
        delivery.operationStarted(operationName());
        delivery.stageStarted("check_prompt");
        switch (promptCheck.judge(request.getParameters(), request.getSafetyPolicy())) {
            case PromptVerdict.Blocked blocked -> throw refusal(blocked);
            case PromptVerdict.Passed passed -> {
                delivery.promptFlagged(passed.flagged());
                generator.generate(generateRequest(request), event -> deliver(event, passed, delivery));
            }
        }
    }

    private void deliver(GenerateResponse event, PromptVerdict.Passed promptVerdict, Delivery delivery) {
        switch (event.getEventCase()) {
            case IMAGE -> delivery.image(event, outputCheck.verdict(event.getImage()));
            case COMPLETED -> {
                log(event.getCompleted().getParameters());
                delivery.completed(event, promptVerdict);
            }
            case QUEUED, STAGE_STARTED, STEP_COMPLETED, PREVIEW, WARNING, IMAGE_CHUNK, EVENT_NOT_SET ->
                delivery.pass(event);
        }
    }

    private static Fault.Refused refusal(PromptVerdict.Blocked blocked) {
        String categories = String.join(",", blocked.categories());
        return new Fault.Refused(
                "PROMPT_BLOCKED",
                "The safety policy " + blocked.policy() + " blocks this prompt: " + categories,
                Map.of("categories", categories, "safety_policy", blocked.policy()));
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
                .build();
    }

    private static void log(ImageParameters used) {
        RequestLog.put("model", used.getModel());
        RequestLog.put("num_inference_steps", used.getNumInferenceSteps());
        RequestLog.put("num_images_per_prompt", used.getNumImagesPerPrompt());
        RequestLog.put("width", used.getWidth());
        RequestLog.put("height", used.getHeight());
        RequestLog.put("seed", used.getSeed());
    }
}
