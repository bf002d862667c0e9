// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.ByteString;
import dev.darkroom.caption.v1.AlignmentModel;
import dev.darkroom.caption.v1.CaptionLimits;
import dev.darkroom.caption.v1.CaptionModel;
import dev.darkroom.caption.v1.CaptionOutcome;
import dev.darkroom.caption.v1.CaptionParameters;
import dev.darkroom.caption.v1.CaptionRequest;
import dev.darkroom.caption.v1.CaptionResponse;
import dev.darkroom.caption.v1.CaptionServiceGrpc;
import dev.darkroom.caption.v1.GeneratedCaption;
import dev.darkroom.caption.v1.ListModelsRequest;
import dev.darkroom.caption.v1.ListModelsResponse;
import dev.darkroom.caption.v1.ScoreAlignmentRequest;
import dev.darkroom.caption.v1.ScoreAlignmentResponse;
import dev.darkroom.media.v1.Fingerprint;
import dev.darkroom.media.v1.Warning;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Says of every picture what it is told to say, and scores pictures as it is told, others with 0.5. */
final class TestingCaptionService extends CaptionServiceGrpc.CaptionServiceImplBase {
    static final CaptionModel CAPTIONER = CaptionModel.newBuilder()
            .setName("teller")
            .setDefaults(CaptionParameters.newBuilder()
                    .setModel("teller")
                    .setNumBeams(3)
                    .setMaxNewTokens(20))
            .setLimits(CaptionLimits.newBuilder()
                    .setMaxNumBeams(8)
                    .setMaxNumReturnSequences(8)
                    .setMaxNewTokens(64)
                    .setMaxPrefixLength(200)
                    .setMaxImageBytes(16 << 20)
                    .setMaxSize(8_192))
            .build();
    static final AlignmentModel ALIGNER =
            AlignmentModel.newBuilder().setName("judge").setWidth(64).build();
    static final Fingerprint FINGERPRINT =
            Fingerprint.newBuilder().setModelDigest("2".repeat(64)).build();

    /** Requests for words, in the order of their arrival. */
    final Queue<CaptionRequest> captionCalls = new ConcurrentLinkedQueue<>();
    /** Requests for scores, in the order of their arrival. */
    final Queue<ScoreAlignmentRequest> scoreCalls = new ConcurrentLinkedQueue<>();
    /** What is said of every picture, best first. */
    volatile List<String> words = List.of("a red fox in the snow");
    /** Scores of pictures. */
    final Map<ByteString, Float> scores = new ConcurrentHashMap<>();
    /** What is loaded for scores. */
    volatile List<AlignmentModel> aligners = List.of(ALIGNER);
    /** What every call for scores fails with; null: nothing. */
    volatile @Nullable StatusRuntimeException refusal;
    /** How many pictures are scored before the service goes away for good. */
    final AtomicInteger scoresLeft = new AtomicInteger(Integer.MAX_VALUE);

    @Override
    public void caption(CaptionRequest request, StreamObserver<CaptionResponse> responses) {
        captionCalls.add(request);
        CaptionResponse.Builder response = CaptionResponse.newBuilder()
                .setOutcome(CaptionOutcome.CAPTION_OUTCOME_CAPTIONED)
                .setConfidence(0.9f)
                .setFingerprint(FINGERPRINT)
                .setParameters(CAPTIONER.getDefaults().toBuilder().mergeFrom(request.getParameters()));
        words.forEach(it -> response.addCaptions(GeneratedCaption.newBuilder().setText(it)));
        responses.onNext(response.build());
        responses.onCompleted();
    }

    @Override
    public void scoreAlignment(ScoreAlignmentRequest request, StreamObserver<ScoreAlignmentResponse> responses) {
        scoreCalls.add(request);
        StatusRuntimeException refused = refusal;
        if (refused != null) {
            responses.onError(refused);
        } else if (scoresLeft.getAndDecrement() <= 0) {
            responses.onError(Status.UNAVAILABLE.asRuntimeException());
        } else {
            responses.onNext(scored(request));
            responses.onCompleted();
        }
    }

    private ScoreAlignmentResponse scored(ScoreAlignmentRequest request) {
        ScoreAlignmentResponse.Builder response = ScoreAlignmentResponse.newBuilder()
                .setNumImages(request.getImagesCount())
                .setNumTexts(request.getTextsCount())
                .setModel(ALIGNER.getName())
                .setFingerprint(FINGERPRINT)
                .addWarnings(Warning.newBuilder().setReason("INPUT_SMALL"));
        request.getImagesList().forEach(image -> response.addScores(scores.getOrDefault(image, 0.5f)));
        return response.build();
    }

    @Override
    public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> responses) {
        responses.onNext(ListModelsResponse.newBuilder()
                .addCaptioners(CAPTIONER)
                .addAllAlignmentModels(aligners)
                .build());
        responses.onCompleted();
    }
}
