// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.DegenerateImageException;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.video.VideoWriter;
import dev.darkroom.rpc.Admission;
import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.RequestLog;
import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.text2video.v1.GenerateRequest;
import dev.darkroom.text2video.v1.GenerateResponse;
import dev.darkroom.text2video.v1.GenerationCompleted;
import dev.darkroom.text2video.v1.ListModelsRequest;
import dev.darkroom.text2video.v1.ListModelsResponse;
import dev.darkroom.text2video.v1.TextToVideoServiceGrpc;
import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Singleton;
import java.util.function.Function;

/** The service's methods: validate, wait for a place, generate, deliver. */
@Singleton
final class TextToVideoEndpoint extends TextToVideoServiceGrpc.TextToVideoServiceImplBase {
    private final TextToVideoConfiguration configuration;
    private final Models models;
    private final Admission admission;

    TextToVideoEndpoint(TextToVideoConfiguration configuration, Models models, Admission admission) {
        this.configuration = configuration;
        this.models = models;
        this.admission = admission;
    }

    @Override
    public void generate(GenerateRequest proto, StreamObserver<GenerateResponse> observer) {
        ResponseStream.serve(observer, stream -> {
            VideoFolder video = models.named(proto.getParameters().getModel());
            VideoRequest request = VideoRequest.from(proto, video, models);
            log(request);
            EventWriter events = new EventWriter(stream);
            try (Clip clip = Clip.create(configuration.clips(), request.settings(), request.finalNumFrames())) {
                GenerationCompleted completed = generate(request, video, clip, events);
                events.clip(clip);
                events.completed(completed);
            }
        });
    }

    /** A slow reader must not keep others waiting: the place is free again before the clip is sent. */
    private GenerationCompleted generate(VideoRequest request, VideoFolder video, Clip clip, EventWriter events) {
        return untilTheCallEnds(cancellation -> {
            try (Work work = video.pipeline().open(models.batcher(), request, cancellation);
                    Admission.Place _ = enter(work, events)) {
                return write(request, video, clip, work, events);
            }
        });
    }

    private Admission.Place enter(Work work, EventWriter events) {
        work.prediction().ifPresent(prediction -> Admission.requireInTime(prediction.alone(), prediction.inAll()));
        return admission.enter(events::queued);
    }

    private GenerationCompleted write(
            VideoRequest request, VideoFolder video, Clip clip, Work work, EventWriter events) {
        Cascade cascade = new Cascade(request, video, models, work, events);
        try (VideoWriter writer = models.encoders().open(clip.settings(), clip.file())) {
            cascade.run(writer);
        }
        GenerationCompleted.Builder completed = GenerationCompleted.newBuilder()
                .setParameters(request.parameters())
                .setFingerprint(Fingerprints.toProto(video.pipeline().networks().fingerprint()))
                .addAllCuts(cascade.cuts())
                .addAllStageTimes(cascade.clock().times());
        if (request.spatialFactor() > 1) {
            models.spatial().map(SpatialStage::describe).ifPresent(completed::setUpscaler);
        }
        if (request.temporalFactor() > 1) {
            models.temporal().map(TemporalStage::describe).ifPresent(completed::setInterpolator);
        }
        return completed.build();
    }

    /** Cancels the work when the caller goes away or the deadline passes, and says in the API's terms when a frame is no picture. */
    private static <T> T untilTheCallEnds(Function<Cancellation, T> work) {
        Cancellation cancellation = new Cancellation();
        Context.CancellationListener listener = _ -> cancellation.cancel();
        Context call = Context.current();
        call.addListener(listener, Runnable::run);
        try {
            return work.apply(cancellation);
        } catch (DegenerateImageException e) {
            throw new Fault.Internal("FRAME_DEGENERATE", String.valueOf(e.getMessage()));
        } finally {
            call.removeListener(listener);
        }
    }

    private static void log(VideoRequest request) {
        RequestLog.put("model", request.model());
        RequestLog.put("scheduler", request.scheduler().label());
        RequestLog.put("num_inference_steps", request.parameters().getNumInferenceSteps());
        RequestLog.put("num_frames", request.numFrames());
        RequestLog.put("width", request.width());
        RequestLog.put("height", request.height());
        RequestLog.put("spatial_factor", request.spatialFactor());
        RequestLog.put("temporal_factor", request.temporalFactor());
        RequestLog.put("container", request.settings().format());
        RequestLog.put("seed", request.seed());
    }

    @Override
    public void listModels(ListModelsRequest proto, StreamObserver<ListModelsResponse> observer) {
        ResponseStream.reply(observer, this::describe);
    }

    private ListModelsResponse describe() {
        ListModelsResponse.Builder response = ListModelsResponse.newBuilder()
                .setSpatialFactor(models.spatial().map(SpatialStage::factor).orElse(1))
                .addAllEncoders(Containers.describe(models.encoders()));
        models.videos().forEach(video -> response.addModels(video.describe(VideoRequest.defaults(video, models))));
        models.spatial().map(SpatialStage::describe).ifPresent(response::setUpscaler);
        models.temporal().map(TemporalStage::describe).ifPresent(response::setInterpolator);
        return response.build();
    }
}
