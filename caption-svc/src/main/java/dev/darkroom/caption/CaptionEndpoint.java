// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import dev.darkroom.caption.v1.CaptionParameters;
import dev.darkroom.caption.v1.CaptionRequest;
import dev.darkroom.caption.v1.CaptionResponse;
import dev.darkroom.caption.v1.CaptionServiceGrpc.CaptionServiceImplBase;
import dev.darkroom.caption.v1.ClassifyRequest;
import dev.darkroom.caption.v1.ClassifyResponse;
import dev.darkroom.caption.v1.EmbedRequest;
import dev.darkroom.caption.v1.EmbedResponse;
import dev.darkroom.caption.v1.ListModelsRequest;
import dev.darkroom.caption.v1.ListModelsResponse;
import dev.darkroom.caption.v1.ScoreAlignmentRequest;
import dev.darkroom.caption.v1.ScoreAlignmentResponse;
import dev.darkroom.caption.v1.StreamCaptionRequest;
import dev.darkroom.caption.v1.StreamCaptionResponse;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.generation.TokenListener;
import dev.darkroom.rpc.Admission;
import dev.darkroom.rpc.RequestLog;
import dev.darkroom.rpc.ResponseStream;
import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Singleton;
import java.util.function.Function;
import java.util.function.IntConsumer;

/** The service's methods: validate, wait for a place, work, answer. */
@Singleton
final class CaptionEndpoint extends CaptionServiceImplBase {
    private final Models models;
    private final CaptionConfiguration configuration;
    private final CaptionPipeline pipeline;
    private final Admission admission;

    CaptionEndpoint(Models models, CaptionConfiguration configuration, Admission admission) {
        this.models = models;
        this.configuration = configuration;
        this.pipeline = new CaptionPipeline(configuration.blockedTerms());
        this.admission = admission;
    }

    @Override
    public void caption(CaptionRequest proto, StreamObserver<CaptionResponse> observer) {
        ResponseStream.reply(observer, () -> {
            Captioning request = checked(proto, "", false);
            return caption(request, _ -> {}, TokenListener.NONE);
        });
    }

    @Override
    public void streamCaption(StreamCaptionRequest proto, StreamObserver<StreamCaptionResponse> observer) {
        ResponseStream.serve(observer, stream -> {
            Captioning request = checked(proto.getCaption(), "caption.", true);
            TokenEvents events = new TokenEvents(stream, request);
            events.completed(caption(request, events::queued, events));
        });
    }

    private Captioning checked(CaptionRequest proto, String path, boolean streamed) {
        Captioner captioner = models.captioner(proto.getParameters().getModel());
        Captioning request = Captioning.from(proto, captioner, configuration.imageLimits(), path, streamed);
        CaptionParameters used = request.parameters();
        RequestLog.put("model", used.getModel());
        RequestLog.put("style", used.getStyle());
        RequestLog.put("num_beams", used.getNumBeams());
        RequestLog.put("max_new_tokens", used.getMaxNewTokens());
        RequestLog.put("width", request.picture().image().width());
        RequestLog.put("height", request.picture().image().height());
        return request;
    }

    private CaptionResponse caption(Captioning request, IntConsumer queued, TokenListener listener) {
        return untilTheCallEnds(cancellation -> {
            try (Work work = request.captioner().generator().open(models.batcher(), request.settings(), cancellation);
                    Admission.Place _ = admission.enter(queued)) {
                CaptionResponse response = pipeline.caption(request, work, listener);
                RequestLog.put("outcome", response.getOutcome());
                return response;
            }
        });
    }

    @Override
    public void scoreAlignment(ScoreAlignmentRequest proto, StreamObserver<ScoreAlignmentResponse> observer) {
        ResponseStream.reply(observer, () -> aligned(proto.getModel(), alignment -> alignment.score(proto)));
    }

    @Override
    public void classify(ClassifyRequest proto, StreamObserver<ClassifyResponse> observer) {
        ResponseStream.reply(observer, () -> aligned(proto.getModel(), alignment -> alignment.classify(proto)));
    }

    @Override
    public void embed(EmbedRequest proto, StreamObserver<EmbedResponse> observer) {
        ResponseStream.reply(observer, () -> aligned(proto.getModel(), alignment -> alignment.embed(proto)));
    }

    private <R> R aligned(String model, Function<Alignment, Alignment.Checked<R>> check) {
        Aligner aligner = models.aligner(model);
        RequestLog.put("model", aligner.name());
        Alignment.Checked<R> request = check.apply(new Alignment(aligner, configuration.imageLimits()));
        return untilTheCallEnds(cancellation -> {
            try (Admission.Place _ = admission.enter(_ -> {})) {
                return request.answer(cancellation);
            }
        });
    }

    /** Cancels the work when the caller goes away or the deadline passes. */
    private static <T> T untilTheCallEnds(Function<Cancellation, T> work) {
        Cancellation cancellation = new Cancellation();
        Context.CancellationListener listener = _ -> cancellation.cancel();
        Context call = Context.current();
        call.addListener(listener, Runnable::run);
        try {
            return work.apply(cancellation);
        } finally {
            call.removeListener(listener);
        }
    }

    @Override
    public void listModels(ListModelsRequest proto, StreamObserver<ListModelsResponse> observer) {
        ResponseStream.reply(
                observer,
                () -> ListModelsResponse.newBuilder()
                        .addAllCaptioners(models.captioners().stream()
                                .map(Captioner::describe)
                                .toList())
                        .addAllAlignmentModels(models.aligners().stream()
                                .map(Aligner::describe)
                                .toList())
                        .build());
    }
}
