// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.darkroom.gateway.v1.GetServerInfoRequest;
import dev.darkroom.gateway.v1.ListModelsRequest;
import dev.darkroom.gateway.v1.ModelServiceGrpc;
import dev.darkroom.gateway.v1.ServerInfoServiceGrpc;
import dev.darkroom.gateway.v1.StreamGenerateImagesResponse;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.safety.v1.Action;
import dev.darkroom.text2image.v1.GenerateResponse;
import io.grpc.Status;
import java.time.Duration;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Each service behind the gateway down, slow, dying and talking nonsense. */
final class FailureTest {
    private final TestingGateway gateway = new TestingGateway(
            Map.of("darkroom.upstreams.safety.timeout", "1500ms", "darkroom.upstreams.text2image.timeout", "1500ms"));

    @AfterEach
    void close() {
        gateway.close();
    }

    @Test
    void streamGenerateImages_safetyDown_failsClosed() {
        gateway.safetyServer.close();

        ErrorDetails failure = gateway.failure(TestingGateway.request("a fox"));

        assertThat(failure.code()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(failure.reason()).isEqualTo("SAFETY_UNAVAILABLE");
        assertThat(failure.message()).isEqualTo("The service safety cannot be reached");
        assertThat(failure.retryAfter()).isPositive();
        assertThat(gateway.textToImage.calls).isEmpty();
    }

    @Test
    void streamGenerateImages_safetySilent_failsClosedInTime() {
        gateway.safety.silent = true;

        ErrorDetails failure = gateway.failure(TestingGateway.request("a fox"));

        assertThat(failure.code()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(failure.reason()).isEqualTo("SAFETY_UNAVAILABLE");
        assertThat(failure.message()).isEqualTo("The service safety did not answer within 1500 ms");
        assertThat(gateway.textToImage.calls).isEmpty();
    }

    @Test
    void streamGenerateImages_safetySilentAndCallerInAHurry_isTheCallersDeadline() {
        gateway.safety.silent = true;

        Throwable failure = catchThrowable(() -> gateway.stub()
                .withDeadlineAfter(Duration.ofMillis(150))
                .streamGenerateImages(TestingGateway.request("a fox"))
                .forEachRemaining(_ -> {}));

        assertThat(ErrorDetails.of(failure).code()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        assertThat(gateway.textToImage.calls).isEmpty();
    }

    @Test
    void streamGenerateImages_safetyAwayForAMoment_isAskedAgain() {
        gateway.safety.failures.set(2);

        List<StreamGenerateImagesResponse> events = gateway.generate(TestingGateway.request("a fox"));

        assertThat(events.getLast().hasCompleted()).isTrue();
        assertThat(gateway.safety.calls).hasValue(3);
    }

    @ParameterizedTest
    @EnumSource(names = {"ACTION_UNSPECIFIED", "UNRECOGNIZED"})
    void streamGenerateImages_safetyWithoutAVerdict_generatesNothing(Action action) {
        gateway.safety.claimed = action == Action.UNRECOGNIZED ? 99 : action.getNumber();

        ErrorDetails failure = gateway.failure(TestingGateway.request("a fox"));

        assertThat(failure.code()).isEqualTo(Status.Code.INTERNAL);
        assertThat(failure.reason()).isEqualTo("SAFETY_VERDICT_UNKNOWN");
        assertThat(gateway.textToImage.calls).isEmpty();
    }

    @Test
    void streamGenerateImages_textToImageDown_namesIt() {
        gateway.textToImageServer.close();

        ErrorDetails failure = gateway.failure(TestingGateway.request("a fox"));

        assertThat(failure.code()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(failure.reason()).isEqualTo("TEXT2IMAGE_UNAVAILABLE");
        assertThat(failure.message()).isEqualTo("The service text2image cannot be reached");
    }

    @Test
    void streamGenerateImages_textToImageDiesHalfway_namesItAndDoesNotRepeatTheWork() {
        gateway.textToImage.altered = events -> events.limit(4);
        gateway.textToImage.hanging = _ -> true;
        Iterator<StreamGenerateImagesResponse> events =
                gateway.stub().streamGenerateImages(TestingGateway.request("a fox"));
        while (!events.next().hasStepCompleted()) {}

        gateway.textToImageServer.close();

        Throwable failure = catchThrowable(() -> events.forEachRemaining(_ -> {}));
        assertThat(ErrorDetails.of(failure).code()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(ErrorDetails.of(failure).reason()).isEqualTo("TEXT2IMAGE_UNAVAILABLE");
        assertThat(gateway.textToImage.calls).hasSize(1);
    }

    @Test
    void streamGenerateImages_textToImageSlow_endsAtTheCallersDeadlineOnBothSides() throws InterruptedException {
        gateway.textToImage.altered = events -> events.limit(4);
        gateway.textToImage.hanging = _ -> true;

        Throwable failure = catchThrowable(() -> gateway.stub()
                .withDeadlineAfter(Duration.ofMillis(700))
                .streamGenerateImages(TestingGateway.request("a fox"))
                .forEachRemaining(_ -> {}));

        assertThat(ErrorDetails.of(failure).code()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        assertThat(gateway.textToImage.calls.remove().cancelled.await(5, TimeUnit.SECONDS))
                .isTrue();
    }

    @Test
    void streamGenerateImages_queueFull_passesOnWhatTextToImageSays() {
        gateway.textToImage.refusal =
                TestingUpstream.failure(Status.Code.RESOURCE_EXHAUSTED, "All places are taken", "QUEUE_FULL");

        ErrorDetails failure = gateway.failure(TestingGateway.request("a fox"));

        assertThat(failure.code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(failure.reason()).isEqualTo("QUEUE_FULL");
        assertThat(failure.message()).isEqualTo("All places are taken");
    }

    @Test
    void streamGenerateImages_modelLoading_passesOnWhatTextToImageSays() {
        gateway.textToImage.refusal =
                TestingUpstream.failure(Status.Code.UNAVAILABLE, "The service is still loading", "NOT_READY");

        ErrorDetails failure = gateway.failure(TestingGateway.request("a fox"));

        assertThat(failure.code()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(failure.reason()).isEqualTo("NOT_READY");
    }

    @Test
    void streamGenerateImages_credentialTurnedDown_isNotTheCallersFault() {
        gateway.textToImage.refusal =
                TestingUpstream.failure(Status.Code.UNAUTHENTICATED, "Only the gateway", "CREDENTIAL_INVALID");

        assertThat(gateway.failure(TestingGateway.request("a fox")).code()).isEqualTo(Status.Code.INTERNAL);
    }

    @Test
    void streamGenerateImages_textOfAStrangersError_isNotShown() {
        gateway.textToImage.refusal =
                Status.UNKNOWN.withDescription("secret: a fox").asRuntimeException();

        ErrorDetails failure = gateway.failure(TestingGateway.request("a fox"));

        assertThat(failure.code()).isEqualTo(Status.Code.INTERNAL);
        assertThat(failure.toString()).doesNotContain("secret", "fox");
    }

    static Stream<Arguments> nonsense() {
        return Stream.of(
                broken(
                        "events in reverse",
                        events -> events.sorted(Comparator.comparingLong(GenerateResponse::getSequence)
                                .reversed())),
                broken(
                        "a chunk lost",
                        events -> events.filter(event -> event.getImageChunk().getOffset() == 0)),
                broken(
                        "a picture announced twice",
                        events -> TestingTextToImageService.numbered(events.flatMap(
                                event -> event.hasImage() ? Stream.of(event, event) : Stream.of(event)))),
                broken("every event twice", events -> events.flatMap(event -> Stream.of(event, event))),
                broken("no completed", events -> events.filter(event -> !event.hasCompleted())),
                broken("nothing at all", events -> events.filter(_ -> false)));
    }

    private static Arguments broken(String how, UnaryOperator<Stream<GenerateResponse>> altered) {
        return Arguments.of(how, altered);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("nonsense")
    void streamGenerateImages_eventsOutOfOrder_areNeverASuccess(
            String how, UnaryOperator<Stream<GenerateResponse>> altered) {
        gateway.textToImage.altered = altered;

        ErrorDetails failure = gateway.failure(TestingGateway.request("a fox"));

        assertThat(failure.code()).isEqualTo(Status.Code.INTERNAL);
        assertThat(failure.reason()).as(how).isEqualTo("TEXT2IMAGE_OUT_OF_ORDER");
    }

    @Test
    void streamGenerateImages_eventOutOfOrder_cancelsTheGeneratorsCall() throws InterruptedException {
        gateway.textToImage.altered = events -> events.limit(4).flatMap(event -> Stream.of(event, event));
        gateway.textToImage.hanging = _ -> true;

        gateway.failure(TestingGateway.request("a fox"));

        assertThat(gateway.textToImage.calls.remove().cancelled.await(5, TimeUnit.SECONDS))
                .isTrue();
    }

    @Test
    void streamGenerateImages_badRequestWhileTextToImageIsDown_namesWhatIsKnown() {
        gateway.textToImageServer.close();

        assertThat(gateway.failure(TestingGateway.request("")).violations()).hasSize(1);
    }

    @Test
    void listModels_textToImageSilent_namesItInTime() {
        gateway.textToImage.silent = true;

        ErrorDetails failure = ErrorDetails.of(catchThrowable(() ->
                ModelServiceGrpc.newBlockingStub(gateway.channel).listModels(ListModelsRequest.getDefaultInstance())));

        assertThat(failure.code()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(failure.reason()).isEqualTo("TEXT2IMAGE_UNAVAILABLE");
    }

    @Test
    void getServerInfo_servicesDown_saysSo() {
        gateway.textToImageServer.close();
        gateway.safetyServer.close();

        assertThat(ServerInfoServiceGrpc.newBlockingStub(gateway.channel)
                        .getServerInfo(GetServerInfoRequest.getDefaultInstance())
                        .getUpstreamsList())
                .noneMatch(upstream -> upstream.getServing());
    }
}
