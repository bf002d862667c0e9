// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.ByteString;
import dev.darkroom.caption.v1.AlignmentForm;
import dev.darkroom.caption.v1.AlignmentVariant;
import dev.darkroom.caption.v1.CaptionParameters;
import dev.darkroom.caption.v1.CaptionRequest;
import dev.darkroom.caption.v1.CaptionStyle;
import dev.darkroom.caption.v1.EarlyStopping;
import dev.darkroom.caption.v1.GeneratedCaption;
import dev.darkroom.caption.v1.ScoreAlignmentRequest;
import dev.darkroom.gateway.v1.CaptionImageRequest;
import dev.darkroom.gateway.v1.CaptionImageResponse;
import dev.darkroom.gateway.v1.GetServerInfoRequest;
import dev.darkroom.gateway.v1.ListModelsRequest;
import dev.darkroom.gateway.v1.ListModelsResponse;
import dev.darkroom.gateway.v1.ModelServiceGrpc;
import dev.darkroom.gateway.v1.ScoreImagesRequest;
import dev.darkroom.gateway.v1.ScoreImagesResponse;
import dev.darkroom.gateway.v1.ServerInfoServiceGrpc;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.rpc.Violation;
import dev.darkroom.safety.v1.CheckOutputRequest;
import dev.darkroom.safety.v1.OutputVerdict;
import io.grpc.Status;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Words and scores of pictures that callers bring. */
final class DescribeTest {
    private static final ByteString FOX = ByteString.copyFromUtf8("a picture of a fox");

    private final TestingGateway gateway = TestingGateway.withCaptions();

    @AfterEach
    void close() {
        gateway.close();
    }

    @Test
    void captionImage_picture_looksAtItAndPassesEverythingOn() {
        CaptionImageResponse response = caption(fox().setParameters(CaptionParameters.newBuilder()
                        .setStyle(CaptionStyle.CAPTION_STYLE_SHORT)
                        .setPrefix("a photo of")
                        .setNumBeams(5))
                .setIncludeLowConfidence(true)
                .setMinConfidence(0.25f)
                .addBlockedTerms("cat")
                .setSafetyPolicy("strict"));

        assertThat(gateway.caption.captionCalls)
                .containsExactly(CaptionRequest.newBuilder()
                        .setParameters(CaptionParameters.newBuilder()
                                .setStyle(CaptionStyle.CAPTION_STYLE_SHORT)
                                .setPrefix("a photo of")
                                .setNumBeams(5))
                        .setImage(FOX)
                        .setIncludeLowConfidence(true)
                        .setMinConfidence(0.25f)
                        .addBlockedTerms("cat")
                        .build());
        assertThat(gateway.safety.pictures)
                .containsExactly(CheckOutputRequest.newBuilder()
                        .setImage(FOX)
                        .addPolicies("strict")
                        .build());
        assertThat(gateway.safety.promptPolicies).as("prefix and words").hasSize(2);
        assertThat(texts(response)).containsExactly("a red fox in the snow");
        assertThat(response.getCaption().getParameters().getModel()).isEqualTo("teller");
        assertThat(response.getOutputVerdict()).isEqualTo(OutputVerdict.OUTPUT_VERDICT_ALLOWED);
        assertThat(response.getSafetyPoliciesList())
                .extracting(policy -> policy.getName())
                .containsExactly("default", "strict");
    }

    @Test
    void captionImage_blockedPicture_isRefusedAndNotDescribed() {
        gateway.safety.depicted.put(FOX, "weapons");

        ErrorDetails failure = failure(fox());

        assertThat(failure.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(failure.reason()).isEqualTo("IMAGE_BLOCKED");
        assertThat(failure.metadata()).containsEntry("categories", "weapons");
        assertThat(gateway.caption.captionCalls).isEmpty();
    }

    @Test
    void captionImage_flaggedPicture_saysSo() {
        gateway.safety.depicted.put(FOX, "fright");

        CaptionImageResponse response = caption(fox());

        assertThat(response.getOutputVerdict()).isEqualTo(OutputVerdict.OUTPUT_VERDICT_FLAGGED);
        assertThat(response.getCategoriesList()).containsExactly("fright");
    }

    @Test
    void captionImage_blockedPrefix_isRefusedBeforeThePictureIsLookedAt() {
        ErrorDetails failure =
                failure(fox().setParameters(CaptionParameters.newBuilder().setPrefix("a sword")));

        assertThat(failure.reason()).isEqualTo("PROMPT_BLOCKED");
        assertThat(failure.message()).doesNotContain("sword");
        assertThat(gateway.safety.pictures).isEmpty();
    }

    @Test
    void captionImage_blockedWords_areHeldBack() {
        gateway.caption.words = List.of("a man with a sword", "a ghost", "a red fox");

        CaptionImageResponse response = caption(fox());

        assertThat(texts(response)).containsExactly("a ghost", "a red fox");
        assertThat(response.getCaption().getWarningsList())
                .containsExactly(
                        warning(
                                "CAPTION_BLOCKED",
                                "A caption is held back: it says what the safety policy blocks (weapons)."),
                        warning("CAPTION_FLAGGED", "A caption says what the safety policy flags (fright)."));
    }

    @Test
    void captionImage_safetyGoesAway_givesNoWords() {
        gateway.safety.looksLeft.set(0);

        assertThat(failure(fox()).reason()).isEqualTo("SAFETY_UNAVAILABLE");
        assertThat(gateway.caption.captionCalls).isEmpty();
    }

    @Test
    void captionImage_badFields_areAllNamedBeforeAnyWork() {
        ErrorDetails failure = failure(fox().setImage(ByteString.EMPTY)
                .setParameters(CaptionParameters.newBuilder()
                        .setStyleValue(9)
                        .setPrefix("a\0")
                        .setNumBeams(9)
                        .setLengthPenalty(Float.NaN)
                        .setNoRepeatNgramSize(101)
                        .setRepetitionPenalty(0)
                        .setMinNewTokens(66)
                        .setMaxNewTokens(65)
                        .setTemperature(1)
                        .setTopK(5)
                        .setTopP(0.5f)
                        .setSeed(7)
                        .setNumReturnSequences(10)
                        .setEarlyStoppingValue(9))
                .setMinConfidence(1.5f)
                .addBlockedTerms("")
                .setSafetyPolicy("x".repeat(65)));

        assertThat(failure.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(failure.violations())
                .extracting(Violation::field)
                .containsExactlyInAnyOrder(
                        "image",
                        "parameters.style",
                        "parameters.prefix",
                        "parameters.num_beams",
                        "parameters.length_penalty",
                        "parameters.no_repeat_ngram_size",
                        "parameters.repetition_penalty",
                        "parameters.min_new_tokens",
                        "parameters.max_new_tokens",
                        "parameters.temperature",
                        "parameters.top_k",
                        "parameters.top_p",
                        "parameters.seed",
                        "parameters.num_return_sequences",
                        "parameters.early_stopping",
                        "min_confidence",
                        "blocked_terms[0]",
                        "safety_policy");
        assertThat(gateway.safety.calls).hasValue(0);
        assertThat(gateway.safety.pictures).isEmpty();
    }

    @Test
    void captionImage_badSampling_isNamed() {
        ErrorDetails failure = failure(fox().setParameters(CaptionParameters.newBuilder()
                .setDoSample(true)
                .setNumBeams(2)
                .setTemperature(0)
                .setTopK(-1)
                .setTopP(1.5f)
                .setEarlyStopping(EarlyStopping.EARLY_STOPPING_TRUE)));

        assertThat(failure.violations())
                .extracting(Violation::field)
                .containsExactly(
                        "parameters.num_beams", "parameters.temperature", "parameters.top_k", "parameters.top_p");
    }

    @Test
    void captionImage_unknownModel_isNotFoundNamingTheKnown() {
        ErrorDetails failure =
                failure(fox().setParameters(CaptionParameters.newBuilder().setModel("magic")));

        assertThat(failure.code()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(failure.metadata()).containsEntry("known", "teller");
    }

    @Test
    void scoreImages_request_isPassedOnAsItIs() {
        gateway.caption.scores.put(FOX, 1.25f);

        ScoreImagesResponse response = gateway.stub()
                .scoreImages(ScoreImagesRequest.newBuilder()
                        .setModel("judge")
                        .setForm(AlignmentForm.ALIGNMENT_FORM_MATRIX)
                        .setVariant(AlignmentVariant.ALIGNMENT_VARIANT_COSINE)
                        .addImages(FOX)
                        .addTexts("a fox")
                        .build());

        assertThat(response.getAlignment().getScoresList()).containsExactly(1.25f);
        assertThat(gateway.caption.scoreCalls)
                .containsExactly(ScoreAlignmentRequest.newBuilder()
                        .setModel("judge")
                        .setForm(AlignmentForm.ALIGNMENT_FORM_MATRIX)
                        .setVariant(AlignmentVariant.ALIGNMENT_VARIANT_COSINE)
                        .addImages(FOX)
                        .addTexts("a fox")
                        .build());
    }

    @Test
    void scoreImages_refusal_isToldInTheServicesWords() {
        gateway.caption.refusal =
                TestingUpstream.failure(Status.Code.INVALID_ARGUMENT, "texts is wrong", "REQUEST_INVALID");

        ErrorDetails failure = ErrorDetails.of(
                catchThrowable(() -> gateway.stub().scoreImages(ScoreImagesRequest.getDefaultInstance())));

        assertThat(failure.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(failure.message()).isEqualTo("texts is wrong");
    }

    @Test
    void captionsAndScores_noCaptionService_areUnavailableNamingTheKey() {
        try (TestingGateway without = new TestingGateway()) {
            ErrorDetails caption =
                    ErrorDetails.of(catchThrowable(() -> without.stub().captionImage(fox().build())));
            ErrorDetails score = ErrorDetails.of(
                    catchThrowable(() -> without.stub().scoreImages(ScoreImagesRequest.getDefaultInstance())));

            assertThat(List.of(caption.code(), score.code())).containsOnly(Status.Code.UNAVAILABLE);
            assertThat(List.of(caption.reason(), score.reason())).containsOnly("CAPTION_UNAVAILABLE");
            assertThat(caption.message()).contains("darkroom.upstreams.caption.address");
        }
    }

    @Test
    void listModels_captionService_listsItsModelsWhileItCanBeReached() {
        ListModelsResponse there = models();
        gateway.captionServer.close();
        ListModelsResponse away = models();

        assertThat(there.getCaptionModelsList()).containsExactly(TestingCaptionService.CAPTIONER);
        assertThat(there.getAlignmentModelsList()).containsExactly(TestingCaptionService.ALIGNER);
        assertThat(away.getCaptionModelsList()).isEmpty();
        assertThat(away.getImageModelsList()).hasSize(1);
    }

    @Test
    void getServerInfo_captionService_isListed() {
        gateway.captionServer.serving(false);

        assertThat(ServerInfoServiceGrpc.newBlockingStub(gateway.channel)
                        .getServerInfo(GetServerInfoRequest.getDefaultInstance())
                        .getUpstreamsList())
                .extracting(upstream -> upstream.getName() + " " + upstream.getServing())
                .containsExactly("text2image true", "safety true", "caption false");
    }

    private ListModelsResponse models() {
        return ModelServiceGrpc.newBlockingStub(gateway.channel).listModels(ListModelsRequest.getDefaultInstance());
    }

    private static CaptionImageRequest.Builder fox() {
        return CaptionImageRequest.newBuilder().setImage(FOX);
    }

    private CaptionImageResponse caption(CaptionImageRequest.Builder request) {
        return gateway.stub().captionImage(request.build());
    }

    private ErrorDetails failure(CaptionImageRequest.Builder request) {
        return ErrorDetails.of(catchThrowable(() -> caption(request)));
    }

    private static List<String> texts(CaptionImageResponse response) {
        return response.getCaption().getCaptionsList().stream()
                .map(GeneratedCaption::getText)
                .toList();
    }

    private static Warning warning(String reason, String message) {
        return Warning.newBuilder().setReason(reason).setMessage(message).build();
    }
}
