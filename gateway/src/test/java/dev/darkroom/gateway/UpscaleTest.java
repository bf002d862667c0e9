// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.v1.DeliveredUpscale;
import dev.darkroom.gateway.v1.StreamUpscaleImageRequest;
import dev.darkroom.gateway.v1.StreamUpscaleImageResponse;
import dev.darkroom.gateway.v1.StreamUpscaleImageResponse.EventCase;
import dev.darkroom.gateway.v1.UpscaleCompleted;
import dev.darkroom.media.v1.StageTime;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.rpc.Violation;
import dev.darkroom.safety.v1.CheckOutputRequest;
import dev.darkroom.safety.v1.OutputVerdict;
import dev.darkroom.safety.v1.UsedPolicy;
import dev.darkroom.text2image.v1.UpscaleParameters;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One picture of a caller through the whole gateway. */
final class UpscaleTest {
    private static final int BYTES = 100_000;
    private static final ByteString PICTURE = ByteString.copyFrom(TestingTextToImageService.pixels(1, 5_000));

    private final TestingGateway gateway = new TestingGateway();

    @AfterEach
    void close() {
        gateway.close();
    }

    @Test
    void streamUpscaleImage_harmlessPicture_deliversTheEnlargedOneChecked() {
        List<StreamUpscaleImageResponse> events = gateway.upscale(request("a fox"));

        assertThat(stages(events)).containsExactly("check_prompt", "check_base", "upscale", "check_output");
        assertThat(events)
                .extracting(StreamUpscaleImageResponse::getEventCase)
                .startsWith(EventCase.OPERATION_STARTED)
                .endsWith(EventCase.IMAGE, EventCase.IMAGE_CHUNK, EventCase.IMAGE_CHUNK, EventCase.COMPLETED);
        assertThat(events)
                .extracting(StreamUpscaleImageResponse::getSequence)
                .isSorted()
                .doesNotHaveDuplicates();
        assertThat(delivered(events).getImage().getWidth()).isEqualTo(256);
        assertThat(delivered(events).getOutputVerdict()).isEqualTo(OutputVerdict.OUTPUT_VERDICT_ALLOWED);
        assertThat(pixels(events)).isEqualTo(enlarged());
        assertThat(gateway.safety.pictures)
                .extracting(CheckOutputRequest::getImage)
                .containsExactly(PICTURE, enlarged());
    }

    @Test
    void streamUpscaleImage_completed_tellsParametersPoliciesAndTimes() {
        UpscaleCompleted completed = gateway.upscale(
                        request("a fox").toBuilder().setSafetyPolicy("strict").build())
                .getLast()
                .getCompleted();

        assertThat(completed.getParameters().getNumInferenceSteps()).isEqualTo(3);
        assertThat(completed.getParameters().getSeed()).isEqualTo(7);
        assertThat(completed.getFingerprint().getModelDigest()).isEqualTo("1".repeat(64));
        assertThat(completed.getSafetyPoliciesList())
                .extracting(UsedPolicy::getName)
                .containsExactly("default", "strict");
        assertThat(completed.getStageTimesList())
                .extracting(StageTime::getStage)
                .containsExactly("check_prompt", "check_base", "upscale", "check_output");
    }

    @Test
    void streamUpscaleImage_noPrompt_checksOnlyPictures() {
        List<StreamUpscaleImageResponse> events = gateway.upscale(request(""));

        assertThat(gateway.safety.calls).hasValue(0);
        assertThat(stages(events)).startsWith("check_base");
    }

    @Test
    void streamUpscaleImage_pictureOf16MiB_isTaken() {
        ByteString large = ByteString.copyFrom(new byte[16 << 20]);

        List<StreamUpscaleImageResponse> events =
                gateway.upscale(request("a fox").toBuilder().setImage(large).build());

        assertThat(events.getLast().hasCompleted()).isTrue();
    }

    @Test
    void streamUpscaleImage_blockedPicture_isRefusedWithCategoriesBeforeItIsEnlarged() {
        gateway.safety.depicted.put(PICTURE, "weapons");

        ErrorDetails failure = gateway.failure(request("a fox"));

        assertThat(failure.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(failure.reason()).isEqualTo("IMAGE_BLOCKED");
        assertThat(failure.metadata())
                .containsEntry("categories", "weapons")
                .containsEntry("safety_policies", "default");
        assertThat(gateway.textToImage.upscaleCalls).isEmpty();
    }

    @Test
    void streamUpscaleImage_blockedPrompt_isRefusedBeforeThePictureIsLookedAt() {
        ErrorDetails failure = gateway.failure(request("a sword"));

        assertThat(failure.reason()).isEqualTo("PROMPT_BLOCKED");
        assertThat(gateway.safety.pictures).isEmpty();
    }

    @Test
    void streamUpscaleImage_flaggedPicture_warns() {
        gateway.safety.depicted.put(PICTURE, "fright");

        List<StreamUpscaleImageResponse> events = gateway.upscale(request(""));

        assertThat(events)
                .filteredOn(StreamUpscaleImageResponse::hasWarning)
                .extracting(StreamUpscaleImageResponse::getWarning)
                .contains(Warning.newBuilder()
                        .setReason("INPUT_FLAGGED")
                        .setMessage("The picture that was sent shows what the safety policy flags (fright).")
                        .build());
        assertThat(pixels(events)).isEqualTo(enlarged());
    }

    @Test
    void streamUpscaleImage_blockedResult_carriesNoPixels() {
        gateway.safety.depicted.put(enlarged(), "weapons");

        List<StreamUpscaleImageResponse> events = gateway.upscale(request(""));

        assertThat(delivered(events).getOutputVerdict()).isEqualTo(OutputVerdict.OUTPUT_VERDICT_BLOCKED);
        assertThat(delivered(events).getCategoriesList()).containsExactly("weapons");
        assertThat(delivered(events).getImage().getSizeBytes()).isZero();
        assertThat(delivered(events).getImage().getSha256()).isEmpty();
        assertThat(events).noneMatch(StreamUpscaleImageResponse::hasImageChunk);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void streamUpscaleImage_safetyGoesAwayBetween_deliversNoPixels(int looks) {
        gateway.safety.looksLeft.set(looks);
        List<StreamUpscaleImageResponse> events = new ArrayList<>();

        Throwable failure = catchThrowable(
                () -> gateway.stub().streamUpscaleImage(request("")).forEachRemaining(events::add));

        assertThat(ErrorDetails.of(failure).reason()).isEqualTo("SAFETY_UNAVAILABLE");
        assertThat(events).noneMatch(event -> event.hasImage() || event.hasImageChunk());
        assertThat(gateway.textToImage.upscaleCalls).hasSize(looks);
    }

    @Test
    void streamUpscaleImage_badFields_areNamedAllAtOnceBeforeAnyWork() {
        ErrorDetails failure = gateway.failure(StreamUpscaleImageRequest.newBuilder()
                .setParameters(UpscaleParameters.newBuilder()
                        .setPrompt("a\0b")
                        .setModel("esrgan")
                        .setNumInferenceSteps(0))
                .setSafetyPolicy("p".repeat(65))
                .build());

        assertThat(failure.violations())
                .extracting(Violation::field)
                .containsExactlyInAnyOrder("image", "parameters.prompt", "parameters.model", "safety_policy");
        assertThat(gateway.safety.pictures).isEmpty();
    }

    @Test
    void streamUpscaleImage_badNumbers_areHeldAgainstThePublishedLimits() {
        ErrorDetails failure = gateway.failure(request("").toBuilder()
                .setParameters(UpscaleParameters.newBuilder()
                        .setNumInferenceSteps(0)
                        .setNoiseLevel(400)
                        .setGuidanceScale(51)
                        .setScheduler("heun"))
                .build());

        assertThat(failure.violations())
                .extracting(Violation::field)
                .containsExactlyInAnyOrder(
                        "parameters.num_inference_steps",
                        "parameters.noise_level",
                        "parameters.guidance_scale",
                        "parameters.scheduler");
    }

    @Test
    void streamUpscaleImage_unknownModel_isNotFoundNamingTheKnownOnes() {
        ErrorDetails failure = gateway.failure(request("").toBuilder()
                .setParameters(UpscaleParameters.newBuilder().setModel("esrgan"))
                .build());

        assertThat(failure.code()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(failure.metadata()).containsEntry("known", "louder-noise");
    }

    private static StreamUpscaleImageRequest request(String prompt) {
        return StreamUpscaleImageRequest.newBuilder()
                .setParameters(UpscaleParameters.newBuilder().setPrompt(prompt).setSeed(7))
                .setImage(PICTURE)
                .build();
    }

    private static DeliveredUpscale delivered(List<StreamUpscaleImageResponse> events) {
        return events.stream()
                .filter(StreamUpscaleImageResponse::hasImage)
                .findFirst()
                .orElseThrow()
                .getImage();
    }

    private static List<String> stages(List<StreamUpscaleImageResponse> events) {
        return events.stream()
                .filter(StreamUpscaleImageResponse::hasStageStarted)
                .map(event -> event.getStageStarted().getStage())
                .toList();
    }

    private static ByteString pixels(List<StreamUpscaleImageResponse> events) {
        return events.stream()
                .map(event -> event.getImageChunk().getData())
                .reduce(ByteString.EMPTY, ByteString::concat);
    }

    private static ByteString enlarged() {
        return ByteString.copyFrom(TestingTextToImageService.enlarged(PICTURE, 7, BYTES));
    }
}
