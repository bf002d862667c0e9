// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.DegenerateImageException;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.rpc.Admission;
import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.Readiness;
import dev.darkroom.rpc.RequestLog;
import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.GenerateResponse;
import dev.darkroom.text2image.v1.ListModelsRequest;
import dev.darkroom.text2image.v1.ListModelsResponse;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc;
import dev.darkroom.text2image.v1.UpscaleParameters;
import dev.darkroom.text2image.v1.UpscaleRequest;
import dev.darkroom.text2image.v1.UpscaleResponse;
import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntConsumer;

/** The service's methods: validate, wait for a place, generate, deliver. */
@Singleton
final class TextToImageEndpoint extends TextToImageServiceGrpc.TextToImageServiceImplBase {
    private final Models models;
    private final Admission admission;
    private final Readiness readiness;

    TextToImageEndpoint(Models models, Admission admission, Readiness readiness) {
        this.models = models;
        this.admission = admission;
        this.readiness = readiness;
    }

    @Override
    public void generate(GenerateRequest proto, StreamObserver<GenerateResponse> observer) {
        ResponseStream.serve(observer, stream -> {
            TextToImageModel model = models.named(proto.getParameters().getModel());
            GenerationRequest request = GenerationRequest.from(proto, model, models::refiner);
            log(request);
            EventWriter events = new EventWriter(
                    stream,
                    Checkpoints.of(request, model),
                    new CheckpointPace(request.checkpointInterval(), readiness));
            List<Picture> pictures = generate(request, model, events);
            pictures.forEach(events::picture);
            events.completed(request, model);
        });
    }

    /** A slow reader must not keep others waiting: the place is free again before pixels are sent. */
    private List<Picture> generate(GenerationRequest request, TextToImageModel model, EventWriter events) {
        return untilTheCallEnds(cancellation -> {
            try (Work work = model.pipeline().open(models.batcher(), request, cancellation);
                    Admission.Place _ = enter(work, events::queued)) {
                return generate(request, model, events, work);
            }
        });
    }

    private Admission.Place enter(Work work, IntConsumer queued) {
        work.prediction().ifPresent(prediction -> Admission.requireInTime(prediction.alone(), prediction.inAll()));
        return admission.enter(queued);
    }

    private static List<Picture> generate(
            GenerationRequest request, TextToImageModel model, EventWriter events, Work work) {
        if (request.alphaDropped()) {
            events.accept(Warnings.alphaDropped());
        }
        Warnings.of(request.resume()).forEach(events::accept);
        var images = model.pipeline().generate(request, events::accept, work);
        events.accept(new GenerationEvent.StageStarted("encode"));
        return Picture.encode(images, request, model.folder().fingerprint());
    }

    @Override
    public void upscale(UpscaleRequest proto, StreamObserver<UpscaleResponse> observer) {
        ResponseStream.serve(observer, stream -> {
            UpscalerModel model = models.upscaler(proto.getParameters().getModel());
            UpscalingRequest request = UpscalingRequest.from(proto, model);
            log(request);
            UpscaleEventWriter events = new UpscaleEventWriter(
                    stream, request, model, new CheckpointPace(request.checkpointInterval(), readiness));
            events.picture(upscale(request, model, events));
            events.completed(model);
        });
    }

    private Picture upscale(UpscalingRequest request, UpscalerModel model, UpscaleEventWriter events) {
        return untilTheCallEnds(cancellation -> {
            int done = request.resume().stepsDone();
            try (Work work = model.pipeline().open(models.batcher(), request.upscaling(), done, cancellation);
                    Admission.Place _ = enter(work, events::queued)) {
                return upscale(request, model, events, work);
            }
        });
    }

    private static Picture upscale(
            UpscalingRequest request, UpscalerModel model, UpscaleEventWriter events, Work work) {
        Warnings.of(request, model.tokenizer()).forEach(events::warning);
        var image = request.resume()
                .in(UpscalingRequest.STAGE)
                .map(state -> model.pipeline().resume(request.upscaling(), state, events, work))
                .orElseGet(() -> model.pipeline().upscale(request.upscaling(), events, work));
        events.stageStarted("encode");
        String json = request.origin()
                .enlarged(request.parameters(), image, model.folder().fingerprint());
        return Picture.encode(0, request.parameters().getSeed(), image, json);
    }

    /** Cancels the work when the caller goes away or the deadline passes, and says in the API's terms when a model made no picture. */
    private static <T> T untilTheCallEnds(Function<Cancellation, T> work) {
        Cancellation cancellation = new Cancellation();
        Context.CancellationListener listener = _ -> cancellation.cancel();
        Context call = Context.current();
        call.addListener(listener, Runnable::run);
        try {
            return work.apply(cancellation);
        } catch (DegenerateImageException e) {
            throw new Fault.Internal("IMAGE_DEGENERATE", String.valueOf(e.getMessage()));
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
        log(request.resume());
    }

    private static void log(UpscalingRequest request) {
        UpscaleParameters parameters = request.parameters();
        RequestLog.put("model", parameters.getModel());
        RequestLog.put("scheduler", parameters.getScheduler());
        RequestLog.put("num_inference_steps", parameters.getNumInferenceSteps());
        RequestLog.put("noise_level", parameters.getNoiseLevel());
        RequestLog.put("width", request.upscaling().image().width());
        RequestLog.put("height", request.upscaling().image().height());
        RequestLog.put("seed", parameters.getSeed());
        log(request.resume());
    }

    private static void log(Resume resume) {
        if (resume instanceof Resume.FromCheckpoints from) {
            RequestLog.put("resumed_after_step", from.done());
        }
    }

    @Override
    public void listModels(ListModelsRequest proto, StreamObserver<ListModelsResponse> observer) {
        ResponseStream.reply(
                observer,
                () -> ListModelsResponse.newBuilder()
                        .addAllModels(models.textToImage().stream()
                                .map(TextToImageModel::describe)
                                .toList())
                        .addAllUpscalers(models.upscalers().stream()
                                .map(UpscalerModel::describe)
                                .toList())
                        .build());
    }
}
