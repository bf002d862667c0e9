// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.v1.DeliveredVideo;
import dev.darkroom.gateway.v1.GetServerInfoRequest;
import dev.darkroom.gateway.v1.ListModelsRequest;
import dev.darkroom.gateway.v1.ModelServiceGrpc;
import dev.darkroom.gateway.v1.ServerInfoServiceGrpc;
import dev.darkroom.gateway.v1.StreamGenerateVideoRequest;
import dev.darkroom.gateway.v1.StreamGenerateVideoResponse;
import dev.darkroom.gateway.v1.StreamGenerateVideoResponse.EventCase;
import dev.darkroom.gateway.v1.VideoCompleted;
import dev.darkroom.media.v1.StageTime;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.rpc.Violation;
import dev.darkroom.safety.v1.CheckOutputRequest;
import dev.darkroom.safety.v1.OutputVerdict;
import dev.darkroom.text2video.v1.VideoModel;
import dev.darkroom.text2video.v1.VideoParameters;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clips from prompt to last byte, with all that is behind the gateway in this process. */
@Timeout(60)
final class VideoEndToEndTest {
    private TestingGateway gateway;

    @BeforeEach
    void start() {
        gateway = TestingGateway.withVideo();
    }

    @AfterEach
    void stop() {
        gateway.close();
    }

    private static StreamGenerateVideoRequest request(String prompt) {
        return StreamGenerateVideoRequest.newBuilder()
                .setParameters(VideoParameters.newBuilder().setPrompt(prompt).setSeed(7))
                .build();
    }

    private List<StreamGenerateVideoResponse> generate(StreamGenerateVideoRequest request) {
        List<StreamGenerateVideoResponse> events = new ArrayList<>();
        gateway.stub().streamGenerateVideo(request).forEachRemaining(events::add);
        return events;
    }

    private ErrorDetails failure(StreamGenerateVideoRequest request) {
        return ErrorDetails.of(catchThrowable(() -> generate(request)));
    }

    private static Stream<StreamGenerateVideoResponse> of(EventCase kind, List<StreamGenerateVideoResponse> events) {
        return events.stream().filter(event -> event.getEventCase() == kind);
    }

    private static DeliveredVideo delivered(List<StreamGenerateVideoResponse> events) {
        return of(EventCase.VIDEO, events).findFirst().orElseThrow().getVideo();
    }

    private static ByteString clip(List<StreamGenerateVideoResponse> events) {
        return of(EventCase.VIDEO_CHUNK, events)
                .map(event -> event.getVideoChunk().getData())
                .reduce(ByteString.EMPTY, ByteString::concat);
    }

    private List<ByteString> looked() {
        return gateway.safety.pictures.stream()
                .map(CheckOutputRequest::getImage)
                .toList();
    }

    private static List<ByteString> frames(int... indexes) {
        return Arrays.stream(indexes).mapToObj(TestingTextToVideoService::frame).toList();
    }

    @Test
    void generate_harmless_deliversTheClipAfterItsFramesWereLookedAt() {
        List<StreamGenerateVideoResponse> events = generate(request("a rocket"));

        assertThat(events.getFirst().getOperationStarted().getName()).startsWith("operations/");
        assertThat(events)
                .extracting(StreamGenerateVideoResponse::getSequence)
                .isSorted()
                .doesNotHaveDuplicates();
        assertThat(clip(events)).isEqualTo(ByteString.copyFrom(TestingTextToVideoService.CLIP));
        assertThat(looked()).isEqualTo(frames(0, 4, 8, 10));
        assertThat(delivered(events).getOutputVerdict()).isEqualTo(OutputVerdict.OUTPUT_VERDICT_ALLOWED);
        assertThat(delivered(events).getCheckedFrames()).isEqualTo(4);
        VideoCompleted completed = events.getLast().getCompleted();
        assertThat(completed.getParameters().getNumFrames()).isEqualTo(11);
        assertThat(completed.getUpscaler().getName()).isEqualTo("larger");
        assertThat(completed.getCutsList()).containsExactly(3);
        assertThat(completed.getSafetyPolicies(0).getName()).isEqualTo("default");
        assertThat(completed.getStageTimesList())
                .extracting(StageTime::getStage)
                .containsExactly("check_prompt", "base_frames", "check_output");
        assertThat(of(EventCase.STAGE_STARTED, events)
                        .map(event -> event.getStageStarted().getStage()))
                .containsExactly("check_prompt", "base_frames", "encoding", "check_output");
    }

    @Test
    void generate_flaggedFrame_isDeliveredAfterThoseAroundItWereLookedAt() {
        gateway.safety.depicted.put(TestingTextToVideoService.frame(8), "fright");

        List<StreamGenerateVideoResponse> events = generate(request("a rocket"));

        assertThat(looked()).isEqualTo(frames(0, 4, 8, 7, 6, 5, 9, 10));
        assertThat(delivered(events).getOutputVerdict()).isEqualTo(OutputVerdict.OUTPUT_VERDICT_FLAGGED);
        assertThat(delivered(events).getCategoriesList()).containsExactly("fright");
        assertThat(of(EventCase.WARNING, events).map(event -> event.getWarning().getReason()))
                .containsExactly("IMAGE_FLAGGED");
        assertThat(clip(events)).isNotEmpty();
    }

    @Test
    void generate_blockedFrame_deliversNothingAndStopsTheWork() throws InterruptedException {
        gateway.safety.depicted.put(TestingTextToVideoService.frame(4), "weapons");
        gateway.textToVideo.ends = false;

        List<StreamGenerateVideoResponse> events = generate(request("a rocket"));

        assertThat(clip(events)).isEmpty();
        assertThat(delivered(events).getOutputVerdict()).isEqualTo(OutputVerdict.OUTPUT_VERDICT_BLOCKED);
        assertThat(delivered(events).hasVideo()).isFalse();
        assertThat(events.getLast().getCompleted().getParameters().getSeed()).isEqualTo(7);
        assertThat(events.getLast().getCompleted().hasFingerprint()).isFalse();
        assertThat(of(EventCase.WARNING, events).map(StreamGenerateVideoResponse::getWarning))
                .extracting(Warning::getReason)
                .containsExactly("IMAGE_BLOCKED");
        assertThat(gateway.textToVideo.cancelled.await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void generate_lastFrameBlocked_deliversNothing() {
        gateway.safety.depicted.put(TestingTextToVideoService.frame(10), "weapons");

        List<StreamGenerateVideoResponse> events = generate(request("a rocket"));

        assertThat(clip(events)).isEmpty();
        assertThat(of(EventCase.VIDEO, events)).hasSize(1);
        assertThat(delivered(events).getOutputVerdict()).isEqualTo(OutputVerdict.OUTPUT_VERDICT_BLOCKED);
    }

    @Test
    void generate_flaggedPrompt_looksAtEveryFrame() {
        List<StreamGenerateVideoResponse> events = generate(request("a ghost"));

        assertThat(looked()).hasSize(11);
        assertThat(clip(events)).isNotEmpty();
    }

    @Test
    void generate_blockedPreview_isLeftOut() {
        gateway.safety.depicted.put(TestingTextToVideoService.preview(2), "weapons");

        List<StreamGenerateVideoResponse> events =
                generate(request("a rocket").toBuilder().setPreviewInterval(1).build());

        assertThat(of(EventCase.PREVIEW, events).map(event -> event.getPreview().getIndex()))
                .contains(0, 1, 3)
                .doesNotContain(2);
        assertThat(clip(events)).isNotEmpty();
    }

    @Test
    void generate_blockedPrompt_isRefusedBeforeAnyWork() {
        ErrorDetails error = failure(request("a sword"));

        assertThat(error.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(error.reason()).isEqualTo("PROMPT_BLOCKED");
        assertThat(gateway.textToVideo.requests).isEmpty();
    }

    @Test
    void generate_safetyGoesAwayHalfway_deliversNothing() {
        gateway.safety.looksLeft.set(2);
        List<StreamGenerateVideoResponse> events = new ArrayList<>();

        ErrorDetails error = ErrorDetails.of(catchThrowable(
                () -> gateway.stub().streamGenerateVideo(request("a rocket")).forEachRemaining(events::add)));

        assertThat(error.code()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(error.reason()).isEqualTo("SAFETY_UNAVAILABLE");
        assertThat(clip(events)).isEmpty();
    }

    @Test
    void generate_wrongHereAndThere_namesEveryField() {
        StreamGenerateVideoRequest wrong = StreamGenerateVideoRequest.newBuilder()
                .setParameters(VideoParameters.newBuilder()
                        .setNumFrames(0)
                        .setWidth(12)
                        .setSpatialFactor(3)
                        .setTemporalFactor(2)
                        .setQuality(0)
                        .setScheduler("none"))
                .setPreviewInterval(-1)
                .build();

        assertThat(failure(wrong).violations())
                .extracting(Violation::field)
                .containsExactlyInAnyOrder(
                        "parameters.prompt",
                        "preview_interval",
                        "parameters.num_frames",
                        "parameters.width",
                        "parameters.scheduler",
                        "parameters.spatial_factor",
                        "parameters.temporal_factor",
                        "parameters.quality");
    }

    @Test
    void generate_noService_saysSo() {
        try (TestingGateway without = new TestingGateway()) {
            ErrorDetails error = ErrorDetails.of(catchThrowable(() ->
                    without.stub().streamGenerateVideo(request("a rocket")).forEachRemaining(_ -> {})));

            assertThat(error.code()).isEqualTo(Status.Code.UNAVAILABLE);
            assertThat(error.reason()).isEqualTo("TEXT2VIDEO_UNAVAILABLE");
        }
    }

    @Test
    void models_asked_listVideoModelsAndEncoders() {
        assertThat(ModelServiceGrpc.newBlockingStub(gateway.channel)
                        .listModels(ListModelsRequest.getDefaultInstance())
                        .getVideoModelsList())
                .extracting(VideoModel::getName)
                .containsExactly("mover");
        var info = ServerInfoServiceGrpc.newBlockingStub(gateway.channel)
                .getServerInfo(GetServerInfoRequest.getDefaultInstance());
        assertThat(info.getUpstreamsList()).anyMatch(it -> it.getName().equals("text2video") && it.getServing());
        assertThat(info.getVideoEncodersList()).hasSize(1).noneMatch(it -> it.getAvailable());
    }
}
