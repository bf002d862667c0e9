// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.tuple;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.v1.DeliveredImage;
import dev.darkroom.gateway.v1.ImagesCompleted;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.gateway.v1.StreamGenerateImagesResponse;
import dev.darkroom.media.v1.Image;
import dev.darkroom.media.v1.StageTime;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.rpc.Violation;
import dev.darkroom.safety.v1.CheckOutputRequest;
import dev.darkroom.safety.v1.OutputVerdict;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.UpscaleModel;
import dev.darkroom.text2image.v1.UpscaleParameters;
import dev.darkroom.text2image.v1.UpscaleResponse;
import io.grpc.Context;
import io.grpc.Status;
import java.util.ArrayList;
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
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of pictures between the generator and the caller: checked, enlarged, checked, delivered or held back. */
final class CascadeTest {
    private static final int BYTES = 100_000;

    private final TestingGateway gateway = new TestingGateway();

    @AfterEach
    void close() {
        gateway.close();
    }

    @Test
    void streamGenerateImages_factor4_deliversTheEnlargedPictureUnderItsOwnIndexAndSeed() {
        List<StreamGenerateImagesResponse> events = gateway.generate(request(4, 2));

        assertThat(delivered(events))
                .extracting(image -> image.getGenerated().getSeed())
                .containsExactly(7L, 8L);
        assertThat(delivered(events))
                .extracting(image -> image.getGenerated().getImage())
                .extracting(Image::getIndex, Image::getWidth, Image::getHeight, Image::getSizeBytes)
                .containsExactly(tuple(0, 256, 256, (long) BYTES), tuple(1, 256, 256, (long) BYTES));
        assertThat(pixels(events, 0)).isEqualTo(enlarged(drawn(7), 7));
        assertThat(pixels(events, 1)).isEqualTo(enlarged(drawn(8), 8));
        assertThat(delivered(events).getFirst().getGenerated().getImage().getSha256())
                .isEqualTo(TestingTextToImageService.sha256(pixels(events, 0).toByteArray()));
    }

    @Test
    void streamGenerateImages_factor4_looksAtTheBaseAndAtTheResult() {
        List<StreamGenerateImagesResponse> events = gateway.generate(request(4, 1));

        assertThat(gateway.safety.pictures)
                .extracting(CheckOutputRequest::getImage)
                .containsExactly(drawn(7), enlarged(drawn(7), 7));
        assertThat(stages(events)).containsExactly("check_prompt", "denoise", "check_base", "upscale", "check_output");
        assertThat(delivered(events).getFirst().getOutputVerdict()).isEqualTo(OutputVerdict.OUTPUT_VERDICT_ALLOWED);
    }

    @Test
    void streamGenerateImages_factor4_numbersEventsWithoutGapsAndTellsTheUpscalersSteps() {
        List<StreamGenerateImagesResponse> events = gateway.generate(request(4, 2));

        assertThat(events.getLast().getSequence()).isGreaterThanOrEqualTo(events.size());
        assertThat(events)
                .extracting(StreamGenerateImagesResponse::getSequence)
                .isSorted()
                .doesNotHaveDuplicates();
        assertThat(events)
                .filteredOn(StreamGenerateImagesResponse::hasStepCompleted)
                .extracting(event -> event.getStepCompleted().getNumInferenceSteps())
                .contains(4, 3);
        assertThat(events)
                .as("what each picture gives rise to is said once")
                .filteredOn(StreamGenerateImagesResponse::hasWarning)
                .hasSize(1);
    }

    @Test
    void streamGenerateImages_factor16_enlargesTwiceAndLooksInBetween() {
        List<StreamGenerateImagesResponse> events = gateway.generate(request(16, 1));

        ByteString once = enlarged(drawn(7), 7);
        assertThat(pixels(events, 0)).isEqualTo(enlarged(once, 7));
        assertThat(delivered(events).getFirst().getGenerated().getImage().getWidth())
                .isEqualTo(1024);
        assertThat(gateway.safety.pictures)
                .extracting(CheckOutputRequest::getImage)
                .containsExactly(drawn(7), once, enlarged(once, 7));
    }

    @Test
    void streamGenerateImages_noFactor_takesTheModels() {
        gateway.textToImage.model = TestingTextToImageService.MODEL.toBuilder()
                .setDefaultUpscaleFactor(4)
                .build();

        List<StreamGenerateImagesResponse> byDefault = gateway.generate(TestingGateway.request("a fox"));
        List<StreamGenerateImagesResponse> asDrawn = gateway.generate(request(1, 1));

        assertThat(pixels(byDefault, 0)).isEqualTo(enlarged(drawn(7), 7));
        assertThat(pixels(asDrawn, 0)).isEqualTo(drawn(7));
    }

    @Test
    void streamGenerateImages_modelsFactorWithoutUpscaler_leavesPicturesAsTheyAre() {
        gateway.textToImage.upscalers = List.of();
        gateway.textToImage.model = TestingTextToImageService.MODEL.toBuilder()
                .setDefaultUpscaleFactor(4)
                .build();

        List<StreamGenerateImagesResponse> events = gateway.generate(TestingGateway.request("a fox"));

        assertThat(pixels(events, 0)).isEqualTo(drawn(7));
        assertThat(completed(events).getUpscaleFactor()).isEqualTo(1);
    }

    @Test
    void streamGenerateImages_upscaleParameters_reachTheUpscalerWithThePicturesPromptAndSeed() throws Exception {
        gateway.generate(request(4, 2).toBuilder()
                .setUpscale(
                        UpscaleParameters.newBuilder().setNumInferenceSteps(5).setNoiseLevel(0))
                .build());

        UpscaleParameters first =
                gateway.textToImage.upscaleCalls.take().request.getParameters();
        UpscaleParameters second =
                gateway.textToImage.upscaleCalls.take().request.getParameters();
        assertThat(first)
                .isEqualTo(TestingTextToImageService.UPSCALER.getDefaults().toBuilder()
                        .setPrompt("a fox")
                        .setSeed(7)
                        .setNumInferenceSteps(5)
                        .setNoiseLevel(0)
                        .build());
        assertThat(second).isEqualTo(first.toBuilder().setSeed(8).build());
    }

    @Test
    void streamGenerateImages_completed_tellsHowPicturesWereEnlargedAndHowLongItTook() {
        ImagesCompleted completed = completed(gateway.generate(request(4, 2)));

        assertThat(completed.getUpscaleFactor()).isEqualTo(4);
        assertThat(completed.getUpscale().getModel()).isEqualTo("louder-noise");
        assertThat(completed.getUpscale().getPrompt()).isEqualTo("a fox");
        assertThat(completed.getUpscale().hasSeed()).isFalse();
        assertThat(completed.getUpscaleFingerprint().getModelDigest()).isEqualTo("1".repeat(64));
        assertThat(completed.getStageTimesList())
                .extracting(StageTime::getStage)
                .containsExactly("check_prompt", "denoise", "check_base", "upscale", "check_output");
        assertThat(completed.getParameters().getWidth()).isEqualTo(64);
    }

    @Test
    void streamGenerateImages_oneBaseOfFourBlocked_deliversTheOthersAndSpendsNoTimeOnIt() {
        gateway.safety.depicted.put(drawn(8), "weapons");

        List<StreamGenerateImagesResponse> events = gateway.generate(request(4, 4));

        assertThat(delivered(events))
                .extracting(DeliveredImage::getOutputVerdict)
                .containsExactly(
                        OutputVerdict.OUTPUT_VERDICT_ALLOWED,
                        OutputVerdict.OUTPUT_VERDICT_BLOCKED,
                        OutputVerdict.OUTPUT_VERDICT_ALLOWED,
                        OutputVerdict.OUTPUT_VERDICT_ALLOWED);
        DeliveredImage blocked = delivered(events).get(1);
        assertThat(blocked.getCategoriesList()).containsExactly("weapons");
        assertThat(blocked.getGenerated().getSeed()).isEqualTo(8);
        assertThat(blocked.getGenerated().getImage().getIndex()).isEqualTo(1);
        assertThat(blocked.getGenerated().getImage().getSizeBytes()).isZero();
        assertThat(blocked.getGenerated().getImage().getSha256()).isEmpty();
        assertThat(pixels(events, 1)).isEmpty();
        assertThat(pixels(events, 3)).isEqualTo(enlarged(drawn(10), 10));
        assertThat(gateway.textToImage.upscaleCalls).hasSize(3);
        assertThat(warnings(events))
                .contains(warning(
                        "IMAGE_BLOCKED", "Picture 2 is held back: it shows what the safety policy blocks (weapons)."));
        assertThat(events.getLast().hasCompleted()).isTrue();
    }

    @Test
    void streamGenerateImages_onlyTheEnlargedPictureIsBlocked_isHeldBackToo() {
        gateway.safety.depicted.put(enlarged(drawn(7), 7), "weapons");

        List<StreamGenerateImagesResponse> events = gateway.generate(request(16, 1));

        assertThat(delivered(events).getFirst().getOutputVerdict()).isEqualTo(OutputVerdict.OUTPUT_VERDICT_BLOCKED);
        assertThat(events).noneMatch(StreamGenerateImagesResponse::hasImageChunk);
        assertThat(gateway.textToImage.upscaleCalls).as("the second pass").hasSize(1);
    }

    @Test
    void streamGenerateImages_everyPictureBlocked_isASuccessWithoutPixels() {
        gateway.safety.depicted.putAll(Map.of(drawn(7), "weapons", drawn(8), "weapons"));

        List<StreamGenerateImagesResponse> events = gateway.generate(request(4, 2));

        assertThat(events).noneMatch(StreamGenerateImagesResponse::hasImageChunk);
        assertThat(completed(events).getUpscale().getModel()).isEqualTo("louder-noise");
    }

    @Test
    void streamGenerateImages_baseFlagged_isDeliveredWithCategoriesAndAWarning() {
        gateway.safety.depicted.put(drawn(7), "fright");

        List<StreamGenerateImagesResponse> events = gateway.generate(request(4, 1));

        assertThat(delivered(events).getFirst().getOutputVerdict()).isEqualTo(OutputVerdict.OUTPUT_VERDICT_FLAGGED);
        assertThat(delivered(events).getFirst().getCategoriesList()).containsExactly("fright");
        assertThat(pixels(events, 0)).isEqualTo(enlarged(drawn(7), 7));
        assertThat(warnings(events))
                .contains(warning("IMAGE_FLAGGED", "Picture 1 shows what the safety policy flags (fright)."));
    }

    @Test
    void streamGenerateImages_nobodyLooksAtPictures_isRefusedNamingTheKey() {
        gateway.safety.looks = false;

        ErrorDetails failure = gateway.failure(request(4, 1));

        assertThat(failure.code()).isEqualTo(Status.Code.INTERNAL);
        assertThat(failure.reason()).isEqualTo("OUTPUT_UNCHECKED");
        assertThat(failure.message()).contains("darkroom.gateway.deliver-unchecked");
        assertThat(gateway.textToImage.upscaleCalls).isEmpty();
    }

    @Test
    void streamGenerateImages_nobodyLooksAndTheConfigurationAllowsIt_saysSo() {
        try (TestingGateway open = new TestingGateway(Map.of("darkroom.gateway.deliver-unchecked", true))) {
            open.safety.looks = false;

            List<StreamGenerateImagesResponse> events = open.generate(request(4, 1));

            assertThat(delivered(events).getFirst().getOutputVerdict())
                    .isEqualTo(OutputVerdict.OUTPUT_VERDICT_UNCHECKED);
            assertThat(pixels(events, 0)).isEqualTo(enlarged(drawn(7), 7));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void streamGenerateImages_safetyGoesAwayBetween_deliversNoPixels(int looks) {
        gateway.safety.looksLeft.set(looks);
        List<StreamGenerateImagesResponse> events = new ArrayList<>();

        Throwable failure = catchThrowable(
                () -> gateway.stub().streamGenerateImages(request(4, 1)).forEachRemaining(events::add));

        assertThat(ErrorDetails.of(failure).code()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(ErrorDetails.of(failure).reason()).isEqualTo("SAFETY_UNAVAILABLE");
        assertThat(events).isNotEmpty().noneMatch(event -> event.hasImage() || event.hasImageChunk());
        assertThat(gateway.textToImage.upscaleCalls).hasSize(looks);
    }

    @ParameterizedTest
    @EnumSource(names = {"OUTPUT_VERDICT_UNSPECIFIED", "UNRECOGNIZED"})
    void streamGenerateImages_safetyWithoutAVerdict_deliversNoPixels(OutputVerdict verdict) {
        gateway.safety.claimedVerdict = verdict == OutputVerdict.UNRECOGNIZED ? 99 : verdict.getNumber();

        ErrorDetails failure = gateway.failure(request(1, 1));

        assertThat(failure.code()).isEqualTo(Status.Code.INTERNAL);
        assertThat(failure.reason()).isEqualTo("SAFETY_VERDICT_UNKNOWN");
    }

    static Stream<Arguments> badUpscaling() {
        return Stream.of(
                bad("upscale_factor", it -> it.setUpscaleFactor(3)),
                bad("upscale_factor", it -> it.setUpscaleFactor(0)),
                bad("upscale_factor", it -> it.setUpscaleFactor(-4)),
                bad("upscale_factor", it -> it.setUpscaleFactor(64)),
                bad(
                        "upscale.prompt",
                        it -> it.setUpscale(UpscaleParameters.newBuilder().setPrompt("a cat"))),
                bad(
                        "upscale.seed",
                        it -> it.setUpscale(UpscaleParameters.newBuilder().setSeed(0))),
                bad(
                        "upscale.num_inference_steps",
                        it -> it.setUpscale(UpscaleParameters.newBuilder().setNumInferenceSteps(51))),
                bad(
                        "upscale.guidance_scale",
                        it -> it.setUpscale(UpscaleParameters.newBuilder().setGuidanceScale(Float.NaN))),
                bad(
                        "upscale.noise_level",
                        it -> it.setUpscale(UpscaleParameters.newBuilder().setNoiseLevel(351))),
                bad(
                        "upscale.scheduler",
                        it -> it.setUpscale(UpscaleParameters.newBuilder().setScheduler("heun"))));
    }

    private static Arguments bad(String field, UnaryOperator<StreamGenerateImagesRequest.Builder> change) {
        return Arguments.of(field, change);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badUpscaling")
    void streamGenerateImages_badUpscaling_isRefusedBeforeAnyWork(
            String field, UnaryOperator<StreamGenerateImagesRequest.Builder> change) {
        ErrorDetails failure =
                gateway.failure(change.apply(request(4, 1).toBuilder()).build());

        assertThat(failure.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(failure.violations()).extracting(Violation::field).containsExactly(field);
        assertThat(gateway.safety.calls).hasValue(0);
        assertThat(gateway.textToImage.calls).isEmpty();
    }

    @Test
    void streamGenerateImages_tooLargeForTheSecondPass_isRefusedBeforeAnyWork() {
        StreamGenerateImagesRequest.Builder request = request(16, 1).toBuilder();
        request.getParametersBuilder().setWidth(128);

        ErrorDetails failure = gateway.failure(request.build());

        assertThat(failure.violations())
                .containsExactly(new Violation(
                        "upscale_factor",
                        "must be one by which louder-noise can enlarge 128x64 pixels: it takes 16 to 256 a side at a time,"
                                + " but was 16"));
        assertThat(gateway.textToImage.calls).isEmpty();
    }

    @Test
    void streamGenerateImages_badUpscalingAndABadPrompt_namesBoth() {
        ErrorDetails failure = gateway.failure(TestingGateway.request("").toBuilder()
                .setUpscaleFactor(3)
                .setUpscale(UpscaleParameters.newBuilder().setNoiseLevel(-1))
                .build());

        assertThat(failure.violations())
                .extracting(Violation::field)
                .containsExactlyInAnyOrder("parameters.prompt", "upscale_factor", "upscale.noise_level");
    }

    @Test
    void streamGenerateImages_unknownUpscaler_isNotFoundBeforeAnyWork() {
        ErrorDetails failure = gateway.failure(request(4, 1).toBuilder()
                .setUpscale(UpscaleParameters.newBuilder().setModel("esrgan"))
                .build());

        assertThat(failure.code()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(failure.reason()).isEqualTo("MODEL_UNKNOWN");
        assertThat(failure.metadata()).containsEntry("known", "louder-noise");
        assertThat(gateway.textToImage.calls).isEmpty();
    }

    @Test
    void streamGenerateImages_factorAskedForWithoutUpscaler_isRefused() {
        gateway.textToImage.upscalers = List.of();

        assertThat(gateway.failure(request(4, 1)).violations())
                .containsExactly(new Violation("upscale_factor", "must be 1, as no upscaler is loaded, but was 4"));
    }

    @Test
    void streamGenerateImages_upscalerWhoseOwnSchedulerIsNotThere_asksForOne() {
        UpscaleModel.Builder upscaler = TestingTextToImageService.UPSCALER.toBuilder();
        upscaler.getDefaultsBuilder().clearScheduler();
        gateway.textToImage.upscalers = List.of(upscaler.build());

        assertThat(gateway.failure(request(4, 1)).violations())
                .extracting(Violation::field)
                .containsExactly("upscale.scheduler");
    }

    @Test
    void streamGenerateImages_upscalerOfFactor2_allowsItsPowers() {
        UpscaleModel doubling =
                TestingTextToImageService.UPSCALER.toBuilder().setScaleFactor(2).build();
        gateway.textToImage.upscalers = List.of(doubling);

        gateway.generate(request(8, 1));

        assertThat(gateway.textToImage.upscaleCalls).hasSize(3);
    }

    static Stream<Arguments> nonsense() {
        return Stream.of(
                broken(
                        "a chunk lost",
                        events -> events.filter(event -> event.getImageChunk().getOffset() == 0)),
                broken("no completed", events -> events.filter(event -> !event.hasCompleted())),
                broken("nothing at all", events -> events.filter(_ -> false)),
                broken("every event twice", events -> events.flatMap(event -> Stream.of(event, event))));
    }

    private static Arguments broken(String how, UnaryOperator<Stream<UpscaleResponse>> altered) {
        return Arguments.of(how, altered);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("nonsense")
    void streamGenerateImages_upscalersEventsOutOfOrder_areNeverASuccess(
            String how, UnaryOperator<Stream<UpscaleResponse>> altered) {
        gateway.textToImage.upscaleAltered = altered;

        ErrorDetails failure = gateway.failure(request(4, 1));

        assertThat(failure.code()).as(how).isEqualTo(Status.Code.INTERNAL);
        assertThat(failure.reason()).isEqualTo("TEXT2IMAGE_OUT_OF_ORDER");
    }

    @Test
    void streamGenerateImages_pictureThatNobodyCouldCheck_isNotTaken() {
        gateway.textToImage.altered = events -> events.map(event -> {
            if (!event.hasImage()) {
                return event;
            }
            var large = event.toBuilder();
            large.getImageBuilder().getImageBuilder().setSizeBytes(HeldPicture.MAX_BYTES + 1);
            return large.build();
        });

        assertThat(gateway.failure(request(1, 1)).reason()).isEqualTo("PICTURE_TOO_LARGE");
    }

    @Test
    void streamGenerateImages_callerGoesAwayWhileEnlarging_cancelsBothCalls() throws Exception {
        gateway.textToImage.upscaleAltered = events -> events.limit(4);
        gateway.textToImage.upscaleHanging = _ -> true;
        gateway.textToImage.hanging = _ -> true;
        Context.CancellableContext caller = Context.ROOT.withCancellation();
        Iterator<StreamGenerateImagesResponse> events =
                caller.call(() -> gateway.stub().streamGenerateImages(request(4, 1)));
        while (!events.next().getStageStarted().getStage().equals("upscale")) {}
        var upscaling = gateway.textToImage.upscaleCalls.take();

        caller.cancel(null);

        assertThat(upscaling.cancelled.await(5, TimeUnit.SECONDS)).isTrue();
        assertThat(gateway.textToImage.calls.take().cancelled.await(5, TimeUnit.SECONDS))
                .isTrue();
    }

    @Test
    void streamGenerateImages_blockedPreviews_areDroppedWhileTheyAreBlocked() {
        gateway.safety.depicted.put(preview(2), "weapons");
        gateway.safety.depicted.put(preview(3), "weapons");

        List<StreamGenerateImagesResponse> events =
                gateway.generate(request(1, 1).toBuilder().setPreviewInterval(1).build());

        assertThat(events)
                .filteredOn(StreamGenerateImagesResponse::hasPreview)
                .extracting(event -> event.getPreview().getStep())
                .doesNotContain(2, 3)
                .contains(4);
        assertThat(delivered(events)).hasSize(1);
    }

    @Test
    void streamGenerateImages_previewsNotAskedFor_areNotLookedAt() {
        gateway.generate(request(1, 1));

        assertThat(gateway.safety.pictures).hasSize(1);
    }

    @Test
    void streamGenerateImages_safetyGoesAwayBeforeAPreview_failsClosed() {
        gateway.safety.looksLeft.set(0);
        List<StreamGenerateImagesResponse> events = new ArrayList<>();

        Throwable failure = catchThrowable(() -> gateway.stub()
                .streamGenerateImages(
                        request(1, 1).toBuilder().setPreviewInterval(1).build())
                .forEachRemaining(events::add));

        assertThat(ErrorDetails.of(failure).reason()).isEqualTo("SAFETY_UNAVAILABLE");
        assertThat(events).noneMatch(event -> event.hasPreview() || event.hasImageChunk());
    }

    @Test
    void streamGenerateImages_pictureToStartFrom_isCheckedAndHandedOn() {
        ByteString start = ByteString.copyFrom(TestingTextToImageService.pixels(3, 5_000));

        List<StreamGenerateImagesResponse> events =
                gateway.generate(request(1, 1).toBuilder().setImage(start).build());

        assertThat(delivered(events)).hasSize(1);
        assertThat(gateway.textToImage.calls)
                .singleElement()
                .satisfies(call -> assertThat(call.request.getImage()).isEqualTo(start));
    }

    @Test
    void streamGenerateImages_blockedPictureToStartFrom_isRefusedBeforeAnythingIsDrawn() {
        ByteString start = ByteString.copyFrom(TestingTextToImageService.pixels(3, 5_000));
        gateway.safety.depicted.put(start, "weapons");

        ErrorDetails failure =
                gateway.failure(request(1, 1).toBuilder().setImage(start).build());

        assertThat(failure.reason()).isEqualTo("IMAGE_BLOCKED");
        assertThat(failure.metadata()).containsEntry("categories", "weapons");
        assertThat(gateway.textToImage.calls).isEmpty();
    }

    @Test
    void streamGenerateImages_badNewFieldsAndTooLargeAPicture_areAllNamed() {
        var parameters = ImageParameters.newBuilder()
                .setPrompt("a fox")
                .setGuidanceStart(0.5)
                .setGuidanceEnd(0.25)
                .setClipSkip(1);

        ErrorDetails failure = gateway.failure(TestingGateway.request(parameters).toBuilder()
                .setImage(ByteString.copyFrom(new byte[(16 << 20) + 1]))
                .build());

        assertThat(failure.violations())
                .extracting(Violation::field)
                .containsExactlyInAnyOrder("image", "parameters.guidance_end", "parameters.clip_skip");
    }

    private static StreamGenerateImagesRequest request(int factor, int images) {
        return TestingGateway.request(ImageParameters.newBuilder()
                        .setPrompt("a fox")
                        .setSeed(7)
                        .setNumImagesPerPrompt(images))
                .toBuilder()
                .setUpscaleFactor(factor)
                .build();
    }

    private static List<DeliveredImage> delivered(List<StreamGenerateImagesResponse> events) {
        return events.stream()
                .filter(StreamGenerateImagesResponse::hasImage)
                .map(StreamGenerateImagesResponse::getImage)
                .toList();
    }

    private static List<String> stages(List<StreamGenerateImagesResponse> events) {
        return events.stream()
                .filter(StreamGenerateImagesResponse::hasStageStarted)
                .map(event -> event.getStageStarted().getStage())
                .toList();
    }

    private static List<Warning> warnings(List<StreamGenerateImagesResponse> events) {
        return events.stream()
                .filter(StreamGenerateImagesResponse::hasWarning)
                .map(StreamGenerateImagesResponse::getWarning)
                .toList();
    }

    private static Warning warning(String reason, String message) {
        return Warning.newBuilder().setReason(reason).setMessage(message).build();
    }

    private static ImagesCompleted completed(List<StreamGenerateImagesResponse> events) {
        return events.getLast().getCompleted();
    }

    private static ByteString pixels(List<StreamGenerateImagesResponse> events, int index) {
        return events.stream()
                .filter(StreamGenerateImagesResponse::hasImageChunk)
                .map(StreamGenerateImagesResponse::getImageChunk)
                .filter(chunk -> chunk.getIndex() == index)
                .map(chunk -> chunk.getData())
                .reduce(ByteString.EMPTY, ByteString::concat);
    }

    private static ByteString drawn(long seed) {
        return ByteString.copyFrom(TestingTextToImageService.pixels(seed, BYTES));
    }

    private ByteString preview(int step) {
        return ByteString.copyFrom(TestingTextToImageService.pixels(step, gateway.textToImage.previewBytes));
    }

    private static ByteString enlarged(ByteString picture, long seed) {
        return ByteString.copyFrom(TestingTextToImageService.enlarged(picture, seed, BYTES));
    }
}
