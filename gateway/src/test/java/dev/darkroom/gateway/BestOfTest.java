// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.ByteString;
import dev.darkroom.caption.v1.ScoreAlignmentRequest;
import dev.darkroom.gateway.v1.Candidate;
import dev.darkroom.gateway.v1.DeliveredImage;
import dev.darkroom.gateway.v1.ImagesCompleted;
import dev.darkroom.gateway.v1.Selection;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.gateway.v1.StreamGenerateImagesResponse;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.rpc.Violation;
import dev.darkroom.safety.v1.OutputVerdict;
import dev.darkroom.text2image.v1.ImageParameters;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Which of the drawn pictures are delivered, and in what order. */
final class BestOfTest {
    private final TestingGateway gateway = TestingGateway.withCaptions();

    @AfterEach
    void close() {
        gateway.close();
    }

    @Test
    void bestOf_four_deliversTheBestTwoInOrderOfScore() {
        score(7, 0.3f);
        score(8, 0.9f);
        score(9, 0.1f);
        score(10, 0.7f);

        List<StreamGenerateImagesResponse> events = gateway.generate(request(4, 2));

        assertThat(delivered(events))
                .extracting(image -> image.getGenerated().getSeed())
                .containsExactly(8L, 10L);
        assertThat(delivered(events))
                .extracting(image -> image.getGenerated().getImage().getIndex())
                .containsExactly(0, 1);
        assertThat(delivered(events)).extracting(DeliveredImage::getScore).containsExactly(0.9f, 0.7f);
        assertThat(pixels(events, 0)).isEqualTo(drawn(8));
        assertThat(pixels(events, 1)).isEqualTo(drawn(10));
    }

    @Test
    void bestOf_four_reportsEveryScore() {
        score(7, 0.3f);
        score(8, 0.9f);
        score(9, 0.1f);
        score(10, 0.7f);

        ImagesCompleted completed = completed(gateway.generate(request(4, 2)));

        assertThat(completed.getSelection().getCandidatesList())
                .containsExactly(
                        candidate(1, 7, 0.3f).build(),
                        candidate(1, 8, 0.9f).setDeliveredIndex(0).build(),
                        candidate(1, 9, 0.1f).build(),
                        candidate(1, 10, 0.7f).setDeliveredIndex(1).build());
        assertThat(completed.getSelection().toBuilder().clearCandidates().build())
                .isEqualTo(Selection.newBuilder()
                        .setBestOf(4)
                        .setMaxAttempts(1)
                        .setModel("judge")
                        .setFingerprint(TestingCaptionService.FINGERPRINT)
                        .build());
        assertThat(completed.getParameters().getNumImagesPerPrompt()).isEqualTo(2);
        assertThat(completed.getParameters().getSeed()).isEqualTo(7);
    }

    @Test
    void bestOf_always_looksFirstAndScoresEachPictureWithThePrompt() {
        List<StreamGenerateImagesResponse> events = gateway.generate(request(2, 1));

        assertThat(gateway.textToImage.calls.remove().request.getParameters().getNumImagesPerPrompt())
                .isEqualTo(2);
        assertThat(gateway.caption.scoreCalls)
                .extracting(ScoreAlignmentRequest::getImagesList)
                .containsExactly(List.of(drawn(7)), List.of(drawn(8)));
        assertThat(gateway.caption.scoreCalls)
                .allSatisfy(call -> assertThat(call.getTextsList()).containsExactly("a fox"));
        assertThat(stages(events))
                .containsExactly("check_prompt", "denoise", "check_output", "score", "check_output", "score");
        assertThat(reasons(events)).containsExactly("INPUT_SMALL");
    }

    @Test
    void bestOf_sameScores_keepsTheOrderOfDrawing() {
        assertThat(delivered(gateway.generate(request(4, 3))))
                .extracting(image -> image.getGenerated().getSeed())
                .containsExactly(7L, 8L, 9L);
    }

    @Test
    void bestOf_withFactor_enlargesOnlyWhatIsDelivered() {
        score(8, 0.9f);

        List<StreamGenerateImagesResponse> events =
                gateway.generate(request(4, 1).toBuilder().setUpscaleFactor(4).build());

        assertThat(gateway.textToImage.upscaleCalls).hasSize(1);
        assertThat(pixels(events, 0))
                .isEqualTo(ByteString.copyFrom(
                        TestingTextToImageService.enlarged(drawn(8), 8, gateway.textToImage.imageBytes)));
        assertThat(stages(events)).endsWith("check_base", "score", "upscale", "check_output");
    }

    @Test
    void bestOf_blockedCandidate_isNeitherScoredNorPreferred() {
        gateway.safety.depicted.put(drawn(7), "weapons");

        List<StreamGenerateImagesResponse> events = gateway.generate(request(3, 2));

        assertThat(delivered(events))
                .extracting(image -> image.getGenerated().getSeed())
                .containsExactly(8L, 9L);
        assertThat(gateway.caption.scoreCalls).hasSize(2);
        Candidate first = completed(events).getSelection().getCandidatesList().getFirst();
        assertThat(first.getOutputVerdict()).isEqualTo(OutputVerdict.OUTPUT_VERDICT_BLOCKED);
        assertThat(first.hasScore()).isFalse();
        assertThat(first.hasDeliveredIndex()).isFalse();
    }

    @Test
    void bestOf_tooFewThatMayBeSeen_deliversThoseAndSaysWhatIsHeldBack() {
        gateway.safety.depicted.put(drawn(7), "weapons");
        gateway.safety.depicted.put(drawn(8), "weapons");

        List<StreamGenerateImagesResponse> events = gateway.generate(request(3, 2));

        assertThat(delivered(events))
                .extracting(DeliveredImage::getOutputVerdict)
                .containsExactly(OutputVerdict.OUTPUT_VERDICT_ALLOWED, OutputVerdict.OUTPUT_VERDICT_BLOCKED);
        assertThat(delivered(events).getLast().hasScore()).isFalse();
        assertThat(pixels(events, 1)).isEmpty();
    }

    @Test
    void minScore_notReached_drawsFurtherSeedsUntilItIs() {
        score(11, 1.5f);

        List<StreamGenerateImagesResponse> events = gateway.generate(
                request(2, 1).toBuilder().setMinScore(1).setMaxAttempts(5).build());

        assertThat(gateway.textToImage.calls)
                .extracting(call -> call.request.getParameters().getSeed())
                .containsExactly(7L, 9L, 11L);
        assertThat(delivered(events).getFirst().getGenerated().getSeed()).isEqualTo(11);
        assertThat(completed(events).getSelection().getCandidatesList())
                .extracting(candidate -> candidate.getAttempt() + " " + candidate.getSeed())
                .containsExactly("1 7", "1 8", "2 9", "2 10", "3 11", "3 12");
        assertThat(completed(events).getParameters().getSeed()).isEqualTo(7);
        assertThat(reasons(events)).doesNotContain("SCORE_LOW");
    }

    @Test
    void minScore_neverReached_deliversTheBestOfAllAttemptsWithAWarning() {
        score(10, 0.8f);
        score(12, 0.9f);

        List<StreamGenerateImagesResponse> events =
                gateway.generate(request(2, 2).toBuilder().setMinScore(1).build());

        assertThat(gateway.textToImage.calls).as("the default").hasSize(3);
        assertThat(delivered(events))
                .extracting(image -> image.getGenerated().getSeed())
                .containsExactly(12L, 10L);
        assertThat(events)
                .filteredOn(StreamGenerateImagesResponse::hasWarning)
                .extracting(StreamGenerateImagesResponse::getWarning)
                .contains(Warning.newBuilder()
                        .setReason("SCORE_LOW")
                        .setMessage(
                                "Of 6 pictures drawn 0 have the score that was asked for, 1.0; 2 were to be delivered.")
                        .build());
    }

    @Test
    void minScore_reachedAtOnce_drawsOnce() {
        gateway.generate(request(2, 1).toBuilder().setMinScore(0.5f).build());

        assertThat(gateway.textToImage.calls).hasSize(1);
    }

    @Test
    void bestOf_noCaptionService_isUnavailableBeforeAnythingIsDrawn() {
        try (TestingGateway without = new TestingGateway()) {
            ErrorDetails failure = without.failure(request(2, 1));

            assertThat(failure.code()).isEqualTo(Status.Code.UNAVAILABLE);
            assertThat(failure.reason()).isEqualTo("CAPTION_UNAVAILABLE");
            assertThat(without.textToImage.calls).isEmpty();
            assertThat(without.generate(TestingGateway.request("a fox"))
                            .getLast()
                            .hasCompleted())
                    .isTrue();
        }
    }

    @Test
    void bestOf_captionServiceDown_isUnavailableBeforeAnythingIsDrawn() {
        gateway.captionServer.close();

        ErrorDetails failure = gateway.failure(request(2, 1));

        assertThat(failure.reason()).isEqualTo("CAPTION_UNAVAILABLE");
        assertThat(failure.message()).isEqualTo("The service caption cannot be reached");
        assertThat(gateway.textToImage.calls).isEmpty();
    }

    @Test
    void bestOf_noAlignmentModel_isNotFoundBeforeAnythingIsDrawn() {
        gateway.caption.aligners = List.of();

        ErrorDetails failure = gateway.failure(request(2, 1));

        assertThat(failure.code()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(failure.reason()).isEqualTo("MODEL_UNKNOWN");
        assertThat(gateway.textToImage.calls).isEmpty();
    }

    @Test
    void bestOf_captionServiceGoesAwayBetween_deliversNothing() {
        gateway.caption.scoresLeft.set(1);
        List<StreamGenerateImagesResponse> events = new ArrayList<>();

        Throwable failure = catchThrowable(
                () -> gateway.stub().streamGenerateImages(request(3, 1)).forEachRemaining(events::add));

        assertThat(ErrorDetails.of(failure).reason()).isEqualTo("CAPTION_UNAVAILABLE");
        assertThat(events).isNotEmpty().noneMatch(event -> event.hasImage() || event.hasImageChunk());
    }

    @Test
    void bestOf_pictureThatCannotBeScored_isNoFaultOfTheCaller() {
        gateway.caption.refusal =
                TestingUpstream.failure(Status.Code.INVALID_ARGUMENT, "images[0] is damaged", "REQUEST_INVALID");

        ErrorDetails failure = gateway.failure(request(2, 1));

        assertThat(failure.code()).isEqualTo(Status.Code.INTERNAL);
        assertThat(failure.reason()).isEqualTo("PICTURE_NOT_SCORED");
    }

    @Test
    void bestOf_scoreThatIsNone_isNoScore() {
        score(7, Float.NaN);

        assertThat(gateway.failure(request(2, 1)).reason()).isEqualTo("PICTURE_NOT_SCORED");
    }

    static Stream<Arguments> badRequests() {
        return Stream.of(
                bad(List.of("best_of"), it -> it.setBestOf(17)),
                bad(List.of("best_of"), it -> it.setBestOf(1)),
                bad(List.of("best_of"), it -> it.setBestOf(0)),
                bad(List.of("min_score"), it -> it.setMinScore(2.6f)),
                bad(List.of("min_score"), it -> it.setMinScore(Float.NaN)),
                bad(
                        List.of("min_score", "max_attempts"),
                        it -> it.setMinScore(-1).setMaxAttempts(11)),
                bad(List.of("max_attempts"), it -> it.setMinScore(1).setMaxAttempts(0)),
                bad(List.of("max_attempts"), it -> it.setMaxAttempts(2)),
                bad(List.of("min_score"), it -> it.clearBestOf().setMinScore(1)),
                bad(
                        List.of("best_of", "parameters.num_images_per_prompt"),
                        it -> it.setBestOf(20).setParameters(parameters(0))),
                bad(List.of("parameters.num_images_per_prompt"), it -> it.setParameters(parameters(0))));
    }

    private static Arguments bad(List<String> fields, UnaryOperator<StreamGenerateImagesRequest.Builder> change) {
        return Arguments.of(fields, change);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badRequests")
    void bestOf_badFields_areAllNamedBeforeAnyWork(
            List<String> fields, UnaryOperator<StreamGenerateImagesRequest.Builder> change) {
        ErrorDetails failure =
                gateway.failure(change.apply(request(4, 2).toBuilder()).build());

        assertThat(failure.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(failure.violations()).extracting(Violation::field).containsExactlyInAnyOrderElementsOf(fields);
        assertThat(gateway.safety.calls).hasValue(0);
        assertThat(gateway.textToImage.calls).isEmpty();
    }

    @Test
    void bestOf_unknownModel_isNotFoundAsElsewhere() {
        gateway.textToImage.refusal =
                TestingUpstream.failure(Status.Code.NOT_FOUND, "No model is called x", "MODEL_UNKNOWN");

        ErrorDetails failure = gateway.failure(request(2, 1).toBuilder()
                .setParameters(parameters(1).setModel("x"))
                .build());

        assertThat(failure.code()).isEqualTo(Status.Code.NOT_FOUND);
    }

    private static StreamGenerateImagesRequest request(int bestOf, int images) {
        return StreamGenerateImagesRequest.newBuilder()
                .setParameters(parameters(images))
                .setBestOf(bestOf)
                .build();
    }

    private static ImageParameters.Builder parameters(int images) {
        return ImageParameters.newBuilder().setPrompt("a fox").setSeed(7).setNumImagesPerPrompt(images);
    }

    private static Candidate.Builder candidate(int attempt, long seed, float score) {
        return Candidate.newBuilder()
                .setAttempt(attempt)
                .setSeed(seed)
                .setOutputVerdict(OutputVerdict.OUTPUT_VERDICT_ALLOWED)
                .setScore(score);
    }

    private void score(long seed, float score) {
        gateway.caption.scores.put(drawn(seed), score);
    }

    private ByteString drawn(long seed) {
        return ByteString.copyFrom(TestingTextToImageService.pixels(seed, gateway.textToImage.imageBytes));
    }

    private static List<DeliveredImage> delivered(List<StreamGenerateImagesResponse> events) {
        return events.stream()
                .filter(StreamGenerateImagesResponse::hasImage)
                .map(StreamGenerateImagesResponse::getImage)
                .toList();
    }

    private static ImagesCompleted completed(List<StreamGenerateImagesResponse> events) {
        return events.getLast().getCompleted();
    }

    private static List<String> stages(List<StreamGenerateImagesResponse> events) {
        return events.stream()
                .filter(StreamGenerateImagesResponse::hasStageStarted)
                .map(event -> event.getStageStarted().getStage())
                .toList();
    }

    private static List<String> reasons(List<StreamGenerateImagesResponse> events) {
        return events.stream()
                .filter(StreamGenerateImagesResponse::hasWarning)
                .map(event -> event.getWarning().getReason())
                .toList();
    }

    private static ByteString pixels(List<StreamGenerateImagesResponse> events, int index) {
        return events.stream()
                .filter(StreamGenerateImagesResponse::hasImageChunk)
                .map(StreamGenerateImagesResponse::getImageChunk)
                .filter(chunk -> chunk.getIndex() == index)
                .map(chunk -> chunk.getData())
                .reduce(ByteString.EMPTY, ByteString::concat);
    }
}
