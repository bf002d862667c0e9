// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.rpc.Admission;
import dev.darkroom.rpc.RequestLog;
import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.GenerateResponse;
import dev.darkroom.text2image.v1.ListModelsRequest;
import dev.darkroom.text2image.v1.ListModelsResponse;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc;
import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Singleton;
import java.util.List;

/** The service's methods: validate, wait for a place, generate, deliver. */
@Singleton
final class TextToImageEndpoint extends TextToImageServiceGrpc.TextToImageServiceImplBase {
    private final Models models;
    private final Admission admission;

    TextToImageEndpoint(Models models, Admission admission) {
        this.models = models;
        this.admission = admission;
    }

    @Override
    public void generate(GenerateRequest proto, StreamObserver<GenerateResponse> observer) {
        ResponseStream.serve(observer, stream -> {
            TextToImageModel model = models.named(proto.getParameters().getModel());
            GenerationRequest request = GenerationRequest.from(proto, model);
            log(request);
            EventWriter events = new EventWriter(stream);
            List<Picture> pictures;
            // A slow reader must not keep others waiting: the place is free again before pixels are sent.
            try (Admission.Place _ = admission.enter(events::queued)) {
                pictures = generate(request, model, events);
            }
            pictures.forEach(events::picture);
            events.completed(request, model);
        });
    }

    private static List<Picture> generate(GenerationRequest request, TextToImageModel model, EventWriter events) {
        Cancellation cancellation = new Cancellation();
        Context.CancellationListener listener = _ -> cancellation.cancel();
        Context call = Context.current();
        call.addListener(listener, Runnable::run);
        try {
            var images = model.pipeline().generate(request, events::accept, cancellation);
            events.accept(new GenerationEvent.StageStarted("encode"));
            return Picture.encode(images, request, model.fingerprint());
        } finally {
            call.removeListener(listener);
        }
    }

    private static void log(GenerationRequest request) {
        RequestLog.put("model", request.model());
        RequestLog.put("scheduler", request.scheduler().label());
        RequestLog.put("num_inference_steps", request.numInferenceSteps());
        RequestLog.put("num_images_per_prompt", request.numImages());
        RequestLog.put("width", request.width());
        RequestLog.put("height", request.height());
        RequestLog.put("seed", request.seed());
    }

    @Override
    public void listModels(ListModelsRequest proto, StreamObserver<ListModelsResponse> observer) {
        ResponseStream.reply(
                observer,
                () -> ListModelsResponse.newBuilder()
                        .addAllModels(models.all().stream()
                                .map(TextToImageModel::describe)
                                .toList())
                        .build());
    }
}
