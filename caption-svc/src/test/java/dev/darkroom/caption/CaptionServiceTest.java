// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import com.google.protobuf.ByteString;
import dev.darkroom.caption.v1.CaptionOutcome;
import dev.darkroom.caption.v1.CaptionParameters;
import dev.darkroom.caption.v1.CaptionRequest;
import dev.darkroom.caption.v1.CaptionResponse;
import dev.darkroom.caption.v1.CaptionStyle;
import dev.darkroom.caption.v1.DecodedToken;
import dev.darkroom.caption.v1.EarlyStopping;
import dev.darkroom.caption.v1.GeneratedCaption;
import dev.darkroom.caption.v1.ListModelsRequest;
import dev.darkroom.caption.v1.ListModelsResponse;
import dev.darkroom.caption.v1.StreamCaptionRequest;
import dev.darkroom.caption.v1.StreamCaptionResponse;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.rpc.ErrorDetails;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Captions through the real stub, on networks with seeded weights whose words mean nothing. */
final class CaptionServiceTest {
    @TempDir
    private static Path models;

    private static TestingService service;

    @BeforeAll
    static void start() throws IOException {
        service = new TestingService(TestingModels.in(models), Map.of());
    }

    @AfterAll
    static void stop() {
        service.close();
    }

    private static CaptionResponse caption(CaptionParameters.Builder parameters) {
        return service.stub().caption(TestingService.request(parameters).build());
    }

    private static CaptionParameters.Builder parameters() {
        return CaptionParameters.newBuilder();
    }

    private static List<String> reasons(CaptionResponse response) {
        return response.getWarningsList().stream().map(Warning::getReason).toList();
    }

    private static Map<String, String> violations(ThrowingCallable call) {
        List<StatusRuntimeException> thrown = new ArrayList<>();
        assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(call).satisfies(thrown::add);
        assertThat(thrown.getFirst().getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        return ErrorDetails.of(thrown.getFirst()).violations().stream()
                .collect(Collectors.toMap(violation -> violation.field(), violation -> violation.description()));
    }

    @Test
    void caption_nothingSaid_resolvesEveryDefault() {
        CaptionResponse response = caption(parameters());
        assertThat(response.getOutcome()).isEqualTo(CaptionOutcome.CAPTION_OUTCOME_CAPTIONED);
        assertThat(response.getCaptionsList()).singleElement().satisfies(caption -> {
            assertThat(caption.getText()).isNotBlank();
            assertThat(caption.getLogProbability()).isNegative();
            assertThat(caption.getConfidence()).isBetween(0f, 1f).isEqualTo(response.getConfidence());
            assertThat(caption.getNumTokens()).isBetween(1, 11);
        });
        assertThat(response.getParameters())
                .isEqualTo(CaptionParameters.newBuilder()
                        .setModel(TestingModels.CAPTIONER)
                        .setNumBeams(3)
                        .setNumReturnSequences(1)
                        .setLengthPenalty(1)
                        .setEarlyStopping(EarlyStopping.EARLY_STOPPING_FALSE)
                        .setNoRepeatNgramSize(0)
                        .setRepetitionPenalty(1)
                        .setMinNewTokens(0)
                        .setMaxNewTokens(11)
                        .setDoSample(false)
                        .build());
        assertThat(response.getFingerprint().getModelDigest()).hasSize(64);
        assertThat(caption(parameters())).isEqualTo(response);
    }

    @Test
    void caption_nBest_areRankedAndDifferent() {
        CaptionResponse response = caption(parameters().setNumBeams(5).setNumReturnSequences(5));
        List<GeneratedCaption> captions = response.getCaptionsList();
        assertThat(captions).hasSizeBetween(2, 5);
        assertThat(captions.stream().map(GeneratedCaption::getText)).doesNotHaveDuplicates();
        assertThat(captions.stream().map(GeneratedCaption::getScore).toList())
                .isSortedAccordingTo((a, b) -> Float.compare(b, a));
        assertThat(captions.getFirst().getText())
                .isEqualTo(caption(parameters().setNumBeams(5)).getCaptions(0).getText());
    }

    @Test
    void caption_prefix_beginsTheCaption() {
        CaptionResponse response = caption(parameters().setPrefix("a red fox").setMinNewTokens(3));
        assertThat(response.getCaptions(0).getText()).startsWith("a red fox");
        assertThat(response.getParameters().getPrefix()).isEqualTo("a red fox");
    }

    @Test
    void caption_sameSeed_drawsTheSame() {
        CaptionParameters.Builder drawn = parameters()
                .setDoSample(true)
                .setTemperature(1.5f)
                .setNumReturnSequences(4)
                .setSeed(11);
        CaptionResponse response = caption(drawn);
        assertThat(caption(drawn)).isEqualTo(response);
        assertThat(response.getCaptionsCount()).isGreaterThan(1);
        assertThat(response.getParameters().getSeed()).isEqualTo(11);
        assertThat(response.getParameters().getTopK()).isEqualTo(50);
        CaptionParameters used = caption(parameters().setDoSample(true)).getParameters();
        assertThat(used.hasSeed()).isTrue();
        assertThat(used.hasLengthPenalty()).isFalse();
    }

    @Test
    void caption_smallPicture_warnsWithTheSizeThatWouldServe() {
        CaptionResponse response = service.stub()
                .caption(TestingService.request()
                        .setImage(TestingModels.picture(20, 90, 1))
                        .build());
        assertThat(response.getWarningsList())
                .filteredOn(warning -> warning.getReason().equals("INPUT_SMALL"))
                .singleElement()
                .satisfies(warning ->
                        assertThat(warning.getMessage()).isEqualTo("image is 20 x 90 pixels; 24 x 24 would serve"));
    }

    @Test
    void caption_tokensRunOut_warns() {
        assertThat(reasons(caption(parameters().setMinNewTokens(2).setMaxNewTokens(2))))
                .contains("CAPTION_TRUNCATED");
    }

    @Test
    void caption_styles_keepTheirForm() {
        CaptionParameters.Builder words = parameters().setPrefix("a photo of the red fox in the snow");
        String small = caption(words.clone().setStyle(CaptionStyle.CAPTION_STYLE_SHORT))
                .getCaptions(0)
                .getText();
        assertThat(small.split(" ")).hasSizeBetween(2, 5);
        assertThat(small).startsWith("red fox in snow");
        CaptionResponse alt = caption(words.clone().setStyle(CaptionStyle.CAPTION_STYLE_ALT_TEXT));
        assertThat(alt.getCaptions(0).getText())
                .startsWith("The red fox in the snow")
                .endsWith(".");
        assertThat(alt.getCaptions(0).getModelText()).startsWith("a photo of the red fox");
    }

    @Test
    void caption_lowConfidence_isHeldBackUnlessAskedFor() {
        CaptionRequest.Builder request = TestingService.request().setMinConfidence(1);
        CaptionResponse held = service.stub().caption(request.build());
        assertThat(held.getOutcome()).isEqualTo(CaptionOutcome.CAPTION_OUTCOME_LOW_CONFIDENCE);
        assertThat(held.getCaptionsList()).isEmpty();
        assertThat(held.getConfidence()).isBetween(0f, 1f);
        assertThat(reasons(held)).contains("LOW_CONFIDENCE");
        CaptionResponse shown =
                service.stub().caption(request.setIncludeLowConfidence(true).build());
        assertThat(shown.getOutcome()).isEqualTo(CaptionOutcome.CAPTION_OUTCOME_LOW_CONFIDENCE);
        assertThat(shown.getCaptionsList()).hasSize(1);
    }

    @Test
    void caption_blockedTerm_isSaidByNoCaption() {
        CaptionResponse response = service.stub()
                .caption(TestingService.request(parameters().setPrefix("the fox, "))
                        .addBlockedTerms("FOX")
                        .build());
        assertThat(response.getCaptions(0).getText()).isNotBlank().doesNotContain("fox");
        assertThat(response.getCaptions(0).getModelText()).isEmpty();
        assertThat(reasons(response)).contains("CAPTION_FILTERED");
    }

    @Test
    void caption_bestIsBlocked_givesWayToTheNext() {
        CaptionParameters.Builder five = parameters().setNumBeams(5).setNumReturnSequences(5);
        List<String> free = caption(five).getCaptionsList().stream()
                .map(GeneratedCaption::getText)
                .toList();
        CaptionResponse response = service.stub()
                .caption(TestingService.request(five)
                        .addBlockedTerms(free.getFirst())
                        .build());
        assertThat(free.subList(1, free.size()))
                .contains(response.getCaptions(0).getText());
    }

    @Test
    void caption_everythingWrong_namesEveryField() {
        Map<String, String> found = violations(() -> service.stub()
                .caption(CaptionRequest.newBuilder()
                        .setImage(ByteString.copyFromUtf8("no picture"))
                        .setMinConfidence(1.5f)
                        .addBlockedTerms("")
                        .setParameters(parameters()
                                .setPrefix("x".repeat(201))
                                .setNumBeams(17)
                                .setLengthPenalty(Float.NaN)
                                .setNoRepeatNgramSize(-1)
                                .setRepetitionPenalty(0)
                                .setMaxNewTokens(32)
                                .setMinNewTokens(33)
                                .setTemperature(1)
                                .setTopK(5)
                                .setTopP(0.5f)
                                .setSeed(1)
                                .setNumReturnSequences(18)
                                .setStyleValue(99)
                                .setEarlyStoppingValue(99))
                        .build()));
        assertThat(found.keySet())
                .containsExactlyInAnyOrder(
                        "image",
                        "min_confidence",
                        "blocked_terms[0]",
                        "parameters.prefix",
                        "parameters.num_beams",
                        "parameters.length_penalty",
                        "parameters.no_repeat_ngram_size",
                        "parameters.repetition_penalty",
                        "parameters.max_new_tokens",
                        "parameters.min_new_tokens",
                        "parameters.temperature",
                        "parameters.top_k",
                        "parameters.top_p",
                        "parameters.seed",
                        "parameters.num_return_sequences",
                        "parameters.style",
                        "parameters.early_stopping");
        assertThat(found).containsEntry("parameters.num_beams", "must be 1 to 16, but was 17");
    }

    @Test
    void caption_beamsWhileDrawing_isRefused() {
        assertThat(violations(() -> caption(parameters().setDoSample(true).setNumBeams(2))))
                .containsOnlyKeys("parameters.num_beams");
        assertThat(violations(
                        () -> caption(parameters().setDoSample(true).setTopP(0).setTemperature(-1))))
                .containsOnlyKeys("parameters.top_p", "parameters.temperature");
    }

    @Test
    void caption_unknownModel_namesTheKnownOnes() {
        assertThatExceptionOfType(StatusRuntimeException.class)
                .isThrownBy(() -> caption(parameters().setModel("other")))
                .satisfies(e -> {
                    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
                    assertThat(ErrorDetails.of(e).reason()).isEqualTo("MODEL_UNKNOWN");
                    assertThat(ErrorDetails.of(e).metadata()).containsEntry("known", TestingModels.CAPTIONER);
                });
    }

    @Test
    void caption_folderWithAStartForShortCaptions_beginsThemWithIt(@TempDir Path other) throws IOException {
        Path file = TestingModels.in(other).resolve(TestingModels.CAPTIONER).resolve("generation_config.json");
        Files.writeString(
                file, Files.readString(file).replaceFirst("\\{", "{\"style_to_start_token_id\": {\"short\": 77},"));
        try (TestingService styled = new TestingService(other, Map.of())) {
            CaptionRequest.Builder plain = TestingService.request();
            CaptionRequest.Builder small =
                    TestingService.request(parameters().setStyle(CaptionStyle.CAPTION_STYLE_SHORT));
            float usual = styled.stub().caption(plain.build()).getCaptions(0).getLogProbability();
            assertThat(styled.stub().caption(small.build()).getCaptions(0).getLogProbability())
                    .isNotEqualTo(usual);
            assertThat(service.stub().caption(small.build()).getCaptions(0).getLogProbability())
                    .isEqualTo(usual);
        }
    }

    @Test
    void streamCaption_tokens_areThoseOfTheGreedyCaption() {
        CaptionParameters.Builder asked = parameters().setPrefix("the fox").setMaxNewTokens(6);
        List<StreamCaptionResponse> events = new ArrayList<>();
        service.stub()
                .streamCaption(StreamCaptionRequest.newBuilder()
                        .setCaption(TestingService.request(asked))
                        .build())
                .forEachRemaining(events::add);
        List<DecodedToken> tokens = events.stream()
                .filter(StreamCaptionResponse::hasToken)
                .map(StreamCaptionResponse::getToken)
                .toList();
        CaptionResponse completed = events.getLast().getCompleted();
        CaptionResponse unary = caption(asked.clone().setNumBeams(1));
        assertThat(completed).isEqualTo(unary);
        assertThat(tokens).hasSize(completed.getCaptions(0).getNumTokens());
        assertThat(tokens.getFirst().getText()).startsWith("the fox");
        assertThat(tokens.stream().mapToDouble(DecodedToken::getLogProbability).sum())
                .isCloseTo(completed.getCaptions(0).getLogProbability(), within(1e-4));
        assertThat(events.getFirst().hasQueued()).isTrue();
    }

    @Test
    void streamCaption_beams_areRefused() {
        assertThat(violations(() -> service.stub()
                        .streamCaption(StreamCaptionRequest.newBuilder()
                                .setCaption(TestingService.request(
                                        parameters().setNumBeams(2).setNumReturnSequences(2)))
                                .build())
                        .hasNext()))
                .containsOnlyKeys("caption.parameters.num_beams", "caption.parameters.num_return_sequences");
    }

    @Test
    void listModels_bothKinds_areDescribed() {
        ListModelsResponse response = service.stub().listModels(ListModelsRequest.getDefaultInstance());
        assertThat(response.getCaptionersList()).singleElement().satisfies(model -> {
            assertThat(model.getName()).isEqualTo(TestingModels.CAPTIONER);
            assertThat(model.getModelType()).isEqualTo("vision-encoder-decoder");
            assertThat(model.getImageSize()).isEqualTo(24);
            assertThat(model.getLimits().getMaxNewTokens()).isEqualTo(31);
            assertThat(model.getDefaults().getNumBeams()).isEqualTo(3);
            assertThat(model.getCalibrated()).isFalse();
        });
        assertThat(response.getAlignmentModelsList()).singleElement().satisfies(model -> {
            assertThat(model.getName()).isEqualTo(TestingModels.ALIGNER);
            assertThat(model.getLicense()).isEqualTo("apache-2.0");
            assertThat(model.getWidth()).isEqualTo(12);
            assertThat(model.getLogitScale())
                    .isCloseTo(14.3f, within(0.1f)); // exp(2.6592), as CLIP begins its training
        });
    }

    @Test
    void caption_calibratedFolder_usesItsThresholdAndTemperature(@TempDir Path other) throws IOException {
        TestingModels.in(other);
        Files.writeString(
                other.resolve(TestingModels.CAPTIONER).resolve("caption_calibration.json"),
                "{\"temperature\": 3.0, \"threshold\": 0.9}");
        try (TestingService calibrated = new TestingService(other, Map.of())) {
            CaptionResponse response =
                    calibrated.stub().caption(TestingService.request().build());
            assertThat(response.getMinConfidence()).isEqualTo(0.9f);
            assertThat(response.getOutcome()).isEqualTo(CaptionOutcome.CAPTION_OUTCOME_LOW_CONFIDENCE);
            double logProbability = caption(parameters()).getCaptions(0).getLogProbability();
            assertThat(response.getConfidence()).isCloseTo((float) Math.exp(logProbability / 3), within(1e-5f));
            assertThat(calibrated
                            .stub()
                            .listModels(ListModelsRequest.getDefaultInstance())
                            .getCaptioners(0)
                            .getCalibrated())
                    .isTrue();
        }
    }
}
