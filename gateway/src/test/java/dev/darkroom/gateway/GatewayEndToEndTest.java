// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.v1.GetServerInfoRequest;
import dev.darkroom.gateway.v1.GetServerInfoResponse;
import dev.darkroom.gateway.v1.ImagesCompleted;
import dev.darkroom.gateway.v1.ListModelsRequest;
import dev.darkroom.gateway.v1.ListModelsResponse;
import dev.darkroom.gateway.v1.ModelServiceGrpc;
import dev.darkroom.gateway.v1.ServerInfoServiceGrpc;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.gateway.v1.StreamGenerateImagesResponse;
import dev.darkroom.gateway.v1.StreamGenerateImagesResponse.EventCase;
import dev.darkroom.media.v1.StageTime;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.rpc.Violation;
import dev.darkroom.safety.v1.OutputVerdict;
import dev.darkroom.safety.v1.UsedPolicy;
import dev.darkroom.text2image.v1.ImageParameters;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.MetadataUtils;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One request through the whole gateway, and what its caller gets. */
final class GatewayEndToEndTest {
    private final TestingGateway gateway = new TestingGateway();

    @AfterEach
    void close() {
        gateway.close();
    }

    @Test
    void streamGenerateImages_harmlessPrompt_sendsEventsInOrderWithoutGaps() {
        List<StreamGenerateImagesResponse> events = gateway.generate(TestingGateway.request("a fox in the snow"));

        assertThat(events)
                .extracting(StreamGenerateImagesResponse::getEventCase)
                .startsWith(
                        EventCase.OPERATION_STARTED,
                        EventCase.STAGE_STARTED,
                        EventCase.QUEUED,
                        EventCase.STAGE_STARTED);
        assertThat(events)
                .extracting(StreamGenerateImagesResponse::getEventCase)
                .endsWith(EventCase.IMAGE, EventCase.IMAGE_CHUNK, EventCase.IMAGE_CHUNK, EventCase.COMPLETED);
        assertThat(events)
                .extracting(StreamGenerateImagesResponse::getSequence)
                .isSorted()
                .doesNotHaveDuplicates();
        assertThat(events.getFirst().getOperationStarted().getName()).matches("operations/[0-9a-f-]{36}");
        assertThat(events.get(1).getStageStarted().getStage()).isEqualTo("check_prompt");
        assertThat(events.getLast().getSequence()).isEqualTo(13);
    }

    @Test
    void streamGenerateImages_twoImages_deliversBothWholeAndChecked() {
        List<StreamGenerateImagesResponse> events = gateway.generate(TestingGateway.request(
                ImageParameters.newBuilder().setPrompt("two pandas").setSeed(41).setNumImagesPerPrompt(2)));

        assertThat(pixels(events, 0)).isEqualTo(drawn(41));
        assertThat(pixels(events, 1)).isEqualTo(drawn(42));
        assertThat(events)
                .filteredOn(StreamGenerateImagesResponse::hasImage)
                .extracting(event -> event.getImage().getOutputVerdict())
                .containsExactly(OutputVerdict.OUTPUT_VERDICT_ALLOWED, OutputVerdict.OUTPUT_VERDICT_ALLOWED);
    }

    @Test
    void streamGenerateImages_completed_tellsParametersAndPolicy() {
        List<StreamGenerateImagesResponse> events = gateway.generate(TestingGateway.request("a fox"));

        ImagesCompleted completed = events.getLast().getCompleted();
        assertThat(completed.getParameters().getScheduler()).isEqualTo("ddim");
        assertThat(completed.getFingerprint().getModelDigest()).isEqualTo("0".repeat(64));
        assertThat(completed.getSafetyPoliciesList())
                .containsExactly(UsedPolicy.newBuilder()
                        .setName("default")
                        .setDigest(TestingSafetyService.POLICY_DIGEST)
                        .build());
        assertThat(completed.getUpscaleFactor()).isEqualTo(1);
        assertThat(completed.hasUpscale()).isFalse();
        assertThat(completed.getStageTimesList())
                .extracting(StageTime::getStage)
                .containsExactly("check_prompt", "denoise", "check_output");
    }

    @Test
    void streamGenerateImages_request_reachesTheGeneratorUnchanged() {
        StreamGenerateImagesRequest request = TestingGateway.request(ImageParameters.newBuilder()
                        .setPrompt("a fox")
                        .setNegativePrompt("tree")
                        .setNumInferenceSteps(8)
                        .setGuidanceScale(0))
                .toBuilder()
                .setPreviewInterval(2)
                .build();

        List<StreamGenerateImagesResponse> events = gateway.generate(request);

        assertThat(gateway.textToImage.calls.remove().request.getParameters()).isEqualTo(request.getParameters());
        assertThat(events)
                .filteredOn(StreamGenerateImagesResponse::hasPreview)
                .last()
                .extracting(event -> event.getPreview().getStep())
                .isEqualTo(8);
    }

    @Test
    void streamGenerateImages_flaggedPrompt_warnsOfTheCategoryWithoutThePrompt() {
        List<StreamGenerateImagesResponse> events = gateway.generate(TestingGateway.request("a ghost in an attic"));

        assertThat(events)
                .filteredOn(StreamGenerateImagesResponse::hasWarning)
                .extracting(StreamGenerateImagesResponse::getWarning)
                .containsExactly(Warning.newBuilder()
                        .setReason("PROMPT_FLAGGED")
                        .setMessage("The safety policy flags the prompt: fright.")
                        .build());
        assertThat(pixels(events, 0)).isEqualTo(drawn(7));
    }

    @Test
    void streamGenerateImages_blockedPrompt_isRefusedWithCategoriesAndWithoutThePrompt() {
        ErrorDetails failure = gateway.failure(TestingGateway.request("a sword in a lake"));

        assertThat(failure.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(failure.reason()).isEqualTo("PROMPT_BLOCKED");
        assertThat(failure.metadata())
                .containsEntry("categories", "weapons")
                .containsEntry("safety_policies", "default");
        assertThat(failure.toString()).doesNotContain("sword", "lake");
        assertThat(gateway.textToImage.calls).isEmpty();
    }

    @Test
    void streamGenerateImages_blockedNegativePrompt_isRefused() {
        ErrorDetails failure = gateway.failure(TestingGateway.request(
                ImageParameters.newBuilder().setPrompt("a fox").setNegativePrompt("me@example.org")));

        assertThat(failure.reason()).isEqualTo("PROMPT_BLOCKED");
        assertThat(failure.metadata()).containsEntry("categories", "personal_data");
        assertThat(gateway.textToImage.calls).isEmpty();
    }

    @Test
    void streamGenerateImages_badFieldsOfBothServices_areNamedAllAtOnce() {
        ErrorDetails failure = gateway.failure(TestingGateway.request(ImageParameters.newBuilder()
                        .setPrompt("x".repeat(1_000_000))
                        .setNegativePrompt("a\0b")
                        .setModel("noise")
                        .setNumInferenceSteps(0)
                        .setGuidanceScale(Float.NaN)
                        .setGuidanceRescale(Float.POSITIVE_INFINITY)
                        .setEta(-1)
                        .setScheduler("heun")
                        .setNumImagesPerPrompt(17)
                        .setWidth(63)
                        .setHeight(1 << 20))
                .toBuilder()
                .setPreviewInterval(-1)
                .setSafetyPolicy("p".repeat(65))
                .build());

        assertThat(failure.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(failure.violations())
                .extracting(Violation::field)
                .containsExactlyInAnyOrder(
                        "parameters.prompt",
                        "parameters.negative_prompt",
                        "parameters.num_inference_steps",
                        "parameters.guidance_scale",
                        "parameters.guidance_rescale",
                        "parameters.eta",
                        "parameters.scheduler",
                        "parameters.num_images_per_prompt",
                        "parameters.width",
                        "parameters.height",
                        "preview_interval",
                        "safety_policy");
        assertThat(gateway.safety.calls).hasValue(0);
        assertThat(gateway.textToImage.calls).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a\0b"})
    void streamGenerateImages_promptThatIsNoText_isRefusedBeforeAnyCheck(String prompt) {
        ErrorDetails failure = gateway.failure(TestingGateway.request(prompt));

        assertThat(failure.violations()).extracting(Violation::field).containsExactly("parameters.prompt");
        assertThat(gateway.safety.calls).hasValue(0);
    }

    @Test
    void streamGenerateImages_noParameters_namesThePrompt() {
        ErrorDetails failure = gateway.failure(StreamGenerateImagesRequest.getDefaultInstance());

        assertThat(failure.violations()).extracting(Violation::field).containsExactly("parameters.prompt");
    }

    @Test
    void streamGenerateImages_unknownModelInABadRequest_listsTheKnownOnes() {
        ErrorDetails failure = gateway.failure(
                TestingGateway.request(ImageParameters.newBuilder().setModel("dall-e")));

        assertThat(failure.violations())
                .contains(new Violation("parameters.model", "must be one of noise, but was dall-e"));
    }

    @Test
    void streamGenerateImages_badParameter_passesOnWhatTextToImageSays() {
        ErrorDetails failure = gateway.failure(TestingGateway.request(
                ImageParameters.newBuilder().setPrompt("a fox").setNumInferenceSteps(0)));

        assertThat(failure.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(failure.message()).isEqualTo("1 field is wrong");
        assertThat(failure.violations())
                .containsExactly(new Violation("parameters.num_inference_steps", "must be 1 to 100, but was 0"));
    }

    @Test
    void streamGenerateImages_unknownPolicy_passesOnWhatSafetySays() {
        ErrorDetails failure = gateway.failure(TestingGateway.request("a fox").toBuilder()
                .setSafetyPolicy("nursery")
                .build());

        assertThat(failure.code()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(failure.reason()).isEqualTo("POLICY_UNKNOWN");
        assertThat(failure.message()).isEqualTo("No policy is called nursery; known: default, lax, strict");
        assertThat(gateway.textToImage.calls).isEmpty();
    }

    @Test
    void streamGenerateImages_traceOfTheCaller_reachesEveryServiceWithTheCredential() {
        String traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
        Metadata headers = new Metadata();
        headers.put(key("traceparent"), "00-" + traceId + "-00f067aa0ba902b7-01");

        gateway.stub()
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                .streamGenerateImages(TestingGateway.request("a fox"))
                .forEachRemaining(_ -> {});

        assertThat(Stream.of(gateway.safetyServer, gateway.textToImageServer)
                        .flatMap(upstream -> upstream.headers.stream()))
                .hasSize(4) // ListModels, CheckPrompt, Generate, CheckOutput
                .allSatisfy(received -> {
                    assertThat(received.get(key("traceparent"))).startsWith("00-" + traceId + "-");
                    assertThat(received.get(key("authorization"))).isEqualTo("Bearer " + TestingGateway.TOKEN);
                });
    }

    @Test
    void streamGenerateImages_credentialOfTheCaller_isNotPassedOn() {
        Metadata headers = new Metadata();
        headers.put(key("authorization"), "Bearer something-of-the-caller");

        gateway.stub()
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                .streamGenerateImages(TestingGateway.request("a fox"))
                .forEachRemaining(_ -> {});

        assertThat(gateway.textToImageServer.headers)
                .isNotEmpty()
                .allSatisfy(received -> assertThat(received.getAll(key("authorization")))
                        .containsExactly("Bearer " + TestingGateway.TOKEN));
    }

    @Test
    void streamGenerateImages_deadlineOfTheCaller_shrinksOnTheWay() {
        Deadline mine = Deadline.after(20, TimeUnit.SECONDS);

        gateway.stub()
                .withDeadline(mine)
                .streamGenerateImages(TestingGateway.request("a fox"))
                .forEachRemaining(_ -> {});

        Deadline generators = gateway.textToImage.calls.remove().deadline;
        assertThat(mine.timeRemaining(TimeUnit.MILLISECONDS) - generators.timeRemaining(TimeUnit.MILLISECONDS))
                .isBetween(100L, 2_000L);
    }

    @Test
    void streamGenerateImages_callerGoesAway_cancelsTheGeneratorsCall() throws Exception {
        gateway.textToImage.altered = events -> events.limit(4);
        gateway.textToImage.hanging = _ -> true;
        Context.CancellableContext caller = Context.ROOT.withCancellation();
        Iterator<StreamGenerateImagesResponse> events = caller.wrap(
                        () -> gateway.stub().streamGenerateImages(TestingGateway.request("a fox")))
                .call();
        while (!events.next().hasStepCompleted()) {}

        caller.cancel(null);

        assertThat(gateway.textToImage.calls.remove().cancelled.await(5, TimeUnit.SECONDS))
                .isTrue();
    }

    @Test
    void listModels_always_listsThoseOfTextToImage() {
        ListModelsResponse models =
                ModelServiceGrpc.newBlockingStub(gateway.channel).listModels(ListModelsRequest.getDefaultInstance());

        assertThat(models.getImageModelsList()).containsExactly(TestingTextToImageService.MODEL);
        assertThat(models.getUpscaleModelsList()).containsExactly(TestingTextToImageService.UPSCALER);
    }

    @Test
    void getServerInfo_oneServiceNotServing_showsWhich() {
        gateway.safetyServer.serving(false);

        GetServerInfoResponse info = ServerInfoServiceGrpc.newBlockingStub(gateway.channel)
                .getServerInfo(GetServerInfoRequest.getDefaultInstance());

        assertThat(info.getVersion()).isNotEmpty();
        assertThat(info.getUpstreamsList())
                .extracting(upstream -> upstream.getName() + " " + upstream.getServing())
                .containsExactly("text2image true", "safety false");
    }

    private static ByteString pixels(List<StreamGenerateImagesResponse> events, int index) {
        return events.stream()
                .filter(StreamGenerateImagesResponse::hasImageChunk)
                .map(StreamGenerateImagesResponse::getImageChunk)
                .filter(chunk -> chunk.getIndex() == index)
                .map(chunk -> chunk.getData())
                .reduce(ByteString.EMPTY, ByteString::concat);
    }

    private ByteString drawn(long seed) {
        return ByteString.copyFrom(TestingTextToImageService.pixels(seed, gateway.textToImage.imageBytes));
    }

    private static Metadata.Key<String> key(String name) {
        return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
    }
}
