// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import static dev.darkroom.text2video.TestingService.parameters;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.ByteString;
import dev.darkroom.inference.image.PngReader;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.LiveHandles;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.rpc.Violation;
import dev.darkroom.text2video.TestingService.Generated;
import dev.darkroom.text2video.v1.Encoder;
import dev.darkroom.text2video.v1.GenerateRequest;
import dev.darkroom.text2video.v1.GenerateResponse;
import dev.darkroom.text2video.v1.GenerateResponse.EventCase;
import dev.darkroom.text2video.v1.ListModelsRequest;
import dev.darkroom.text2video.v1.ListModelsResponse;
import dev.darkroom.text2video.v1.StageProgress;
import dev.darkroom.text2video.v1.Video;
import dev.darkroom.text2video.v1.VideoContainer;
import dev.darkroom.text2video.v1.VideoParameters;
import io.grpc.Context;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The service through its real stub, with real ONNX graphs of a few KB. */
@Timeout(240)
final class TextToVideoServiceTest {
    private static final String PROMPT = "a fox in the snow";

    @TempDir
    private static Path work;

    private static TestingService service;

    @BeforeAll
    static void start() {
        service = new TestingService(Map.of("darkroom.text2video.work-directory", work.toString()));
    }

    @AfterAll
    static void stop() {
        service.close();
        assertThat(LiveHandles.count()).isZero();
    }

    @Test
    void generate_promptAlone_goesThroughEveryStageAndDelivers() throws NoSuchAlgorithmException, IOException {
        Generated generated =
                service.generate(VideoParameters.newBuilder().setPrompt(PROMPT).setNumFrames(3));

        assertThat(generated.events())
                .extracting(GenerateResponse::getSequence)
                .isSorted()
                .doesNotHaveDuplicates();
        assertThat(generated.of(EventCase.STAGE_STARTED))
                .extracting(event -> event.getStageStarted().getStage())
                .containsExactly(
                        "text_encoder",
                        "base_frames",
                        "spatial_super_resolution",
                        "encoding",
                        "temporal_super_resolution");
        Video video = generated.of(EventCase.VIDEO).getFirst().getVideo();
        assertThat(video.getMediaType()).isEqualTo("video/mp4");
        assertThat(video.getWidth()).isEqualTo(128);
        assertThat(video.getNumFrames()).isEqualTo(7);
        assertThat(video.getFrameRate()).isEqualTo(24);
        assertThat(video.getDurationMillis()).isEqualTo(292);
        assertThat(video.getSizeBytes()).isEqualTo(generated.clip().size());
        assertThat(video.getSha256())
                .isEqualTo(HexFormat.of()
                        .formatHex(MessageDigest.getInstance("SHA-256")
                                .digest(generated.clip().toByteArray())));
        VideoParameters used = generated.events().getLast().getCompleted().getParameters();
        assertThat(used.getNumInferenceSteps()).isEqualTo(4);
        assertThat(used.getFrameRate()).isEqualTo(8);
        assertThat(used.getSpatialFactor()).isEqualTo(4);
        assertThat(used.getTemporalFactor()).isEqualTo(3);
        assertThat(used.getContainer()).isEqualTo(VideoContainer.VIDEO_CONTAINER_MP4);
        assertThat(used.hasSeed()).isTrue();
        try (var left = Files.list(work)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void generate_onTheWay_predictsTheEndOfTheCascade() {
        var _ = service.generate(parameters(PROMPT).setNumFrames(5)); // after which every stage has a time
        Generated generated = service.generate(parameters(PROMPT).setNumFrames(5));

        List<StageProgress> progress = generated.of(EventCase.PROGRESS).stream()
                .map(GenerateResponse::getProgress)
                .toList();
        assertThat(progress.getFirst().getStage()).isEqualTo("base_frames");
        assertThat(progress.getFirst().getEtaMillis()).isPositive();
        StageProgress last = progress.getLast();
        assertThat(last.getStage()).isEqualTo("encoding");
        assertThat(last.getDone()).isEqualTo(13).isEqualTo(last.getOf());
        assertThat(last.getEtaMillis()).isZero();
    }

    @Test
    void generate_frames_areSentWholeBeforeTheClip() throws IOException {
        GenerateRequest request = GenerateRequest.newBuilder()
                .setParameters(parameters(PROMPT)
                        .setNumFrames(3)
                        .setTemporalFactor(2)
                        .setContainer(VideoContainer.VIDEO_CONTAINER_PNG_ZIP))
                .setIncludeFrames(true)
                .build();
        Generated generated = service.generate(request);

        List<RgbImage> sent = generated.of(EventCase.FRAME).stream()
                .map(event -> PngReader.decode(event.getFrame().getPng().toByteArray(), 1 << 20)
                        .image())
                .toList();
        assertThat(sent).hasSize(5);
        assertThat(unzipped(generated.clip())).isEqualTo(sent);
        List<EventCase> order =
                generated.events().stream().map(GenerateResponse::getEventCase).toList();
        assertThat(order.lastIndexOf(EventCase.FRAME)).isLessThan(order.indexOf(EventCase.VIDEO));
    }

    /** The tiny model draws noise, so that every frame is another scene. */
    @Test
    void generate_scenesThatChange_areNotBlended() throws IOException {
        Generated generated = service.generate(parameters(PROMPT)
                .setNumFrames(2)
                .setSpatialFactor(1)
                .setTemporalFactor(3)
                .setContainer(VideoContainer.VIDEO_CONTAINER_PNG_ZIP));
        List<RgbImage> frames = unzipped(generated.clip());

        assertThat(generated.events().getLast().getCompleted().getCutsList()).containsExactly(1);
        assertThat(frames).hasSize(4);
        assertThat(frames.subList(1, 3)).containsOnly(frames.getFirst());
        assertThat(frames.get(3)).isNotEqualTo(frames.getFirst());
    }

    @Test
    void generate_spatialStage_addsPixelsToTheSameFrames() throws IOException {
        VideoParameters.Builder base = parameters(PROMPT)
                .setNumFrames(2)
                .setTemporalFactor(1)
                .setContainer(VideoContainer.VIDEO_CONTAINER_PNG_ZIP);
        List<RgbImage> small =
                unzipped(service.generate(base.clone().setSpatialFactor(1)).clip());
        List<RgbImage> large = unzipped(service.generate(base.clone()).clip());

        assertThat(small).allSatisfy(frame -> assertThat(frame.width()).isEqualTo(32));
        assertThat(large).allSatisfy(frame -> assertThat(frame.width()).isEqualTo(128));
        assertThat(large.get(0)).isNotEqualTo(large.get(1));
    }

    @ParameterizedTest
    @EnumSource(names = {"VIDEO_CONTAINER_MP4", "VIDEO_CONTAINER_WEBM", "VIDEO_CONTAINER_GIF", "VIDEO_CONTAINER_WEBP"})
    void generate_sameRequestTwice_givesTheSameBytes(VideoContainer container) {
        VideoParameters.Builder asked = parameters(PROMPT).setNumFrames(3).setContainer(container);

        assertThat(service.generate(asked).clip())
                .isNotEmpty()
                .isEqualTo(service.generate(asked).clip());
    }

    @Test
    void generate_otherPromptOrSeed_givesAnotherClip() {
        VideoParameters.Builder asked =
                parameters(PROMPT).setNumFrames(2).setContainer(VideoContainer.VIDEO_CONTAINER_PNG_ZIP);
        ByteString clip = service.generate(asked).clip();

        assertThat(service.generate(asked.clone().setPrompt("a cat")).clip()).isNotEqualTo(clip);
        assertThat(service.generate(asked.clone().setSeed(8)).clip()).isNotEqualTo(clip);
    }

    @Test
    void generate_previews_areAContactStrip() {
        GenerateRequest request = GenerateRequest.newBuilder()
                .setParameters(parameters(PROMPT)
                        .setNumInferenceSteps(3)
                        .setNumFrames(6)
                        .setSpatialFactor(1))
                .setPreviewInterval(2)
                .build();

        assertThat(service.generate(request).of(EventCase.PREVIEW))
                .extracting(event -> event.getPreview().getIndex())
                .containsExactly(0, 1, 2, 3);
    }

    @Test
    void generate_longerThanAWindow_hasNoJumps() throws IOException {
        List<RgbImage> frames = unzipped(service.generate(parameters(PROMPT)
                        .setNumInferenceSteps(8)
                        .setNumFrames(24)
                        .setSpatialFactor(1)
                        .setTemporalFactor(1)
                        .setContainer(VideoContainer.VIDEO_CONTAINER_PNG_ZIP))
                .clip());

        assertThat(frames).hasSize(24);
        List<Double> steps = new ArrayList<>();
        for (int i = 1; i < frames.size(); i++) {
            steps.add(difference(frames.get(i - 1), frames.get(i)));
        }
        double median = steps.stream().sorted().toList().get(steps.size() / 2);
        assertThat(steps).allSatisfy(step -> assertThat(step).isLessThan(2 * median));
    }

    @Test
    void generate_everythingWrong_namesEveryField() {
        VideoParameters.Builder wrong = VideoParameters.newBuilder()
                .setNumInferenceSteps(0)
                .setGuidanceScale(Float.NaN)
                .setScheduler("none")
                .setEta(2)
                .setNumFrames(0)
                .setFrameRate(61)
                .setWidth(33)
                .setHeight(1 << 20)
                .setSpatialFactor(3)
                .setQuality(101)
                .setContainerValue(99);
        GenerateRequest request = GenerateRequest.newBuilder()
                .setParameters(wrong)
                .setPreviewInterval(-1)
                .build();

        ErrorDetails error = ErrorDetails.of(catchThrowable(() -> service.generate(request)));

        assertThat(error.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(error.violations())
                .extracting(Violation::field)
                .containsExactlyInAnyOrder(
                        "parameters.prompt",
                        "parameters.num_inference_steps",
                        "parameters.guidance_scale",
                        "parameters.scheduler",
                        "parameters.eta",
                        "parameters.num_frames",
                        "parameters.frame_rate",
                        "parameters.width",
                        "parameters.height",
                        "parameters.spatial_factor",
                        "parameters.quality",
                        "parameters.container",
                        "preview_interval");
    }

    @Test
    void generate_tooManyFramesPerSecond_isRefused() {
        VideoParameters.Builder fast = parameters(PROMPT).setFrameRate(30).setTemporalFactor(3);

        ErrorDetails error = ErrorDetails.of(catchThrowable(() -> service.generate(fast)));

        assertThat(error.violations()).extracting(Violation::description).containsExactly("must be 1 to 2, but was 3");
    }

    @Test
    void generate_callerGoesAwayInEveryStage_leavesNothingBehind() throws IOException {
        for (String stage : List.of("base_frames", "spatial_super_resolution", "encoding")) {
            Context.CancellableContext call = Context.current().withCancellation();
            call.run(() -> {
                Iterator<GenerateResponse> events = service.stub()
                        .generate(GenerateRequest.newBuilder()
                                .setParameters(parameters(PROMPT)
                                        .setNumInferenceSteps(20)
                                        .setNumFrames(200))
                                .build());
                while (events.hasNext()
                        && !events.next().getProgress().getStage().equals(stage)) {
                    // until that stage works
                }
                call.cancel(null);
            });
        }
        var after = service.generate(parameters(PROMPT).setNumFrames(2));

        assertThat(after.clip()).isNotEmpty();
    }

    @Test
    void listModels_asked_describesWhatIsLoaded() {
        ListModelsResponse models = service.stub().listModels(ListModelsRequest.getDefaultInstance());

        assertThat(models.getModels(0).getName()).isEqualTo("video");
        assertThat(models.getModels(0).getDefaults().getNumFrames()).isEqualTo(6);
        assertThat(models.getModels(0).getLimits().getWindow()).isEqualTo(6);
        assertThat(models.getModels(0).getSchedulersList()).contains("ddim", "euler");
        assertThat(models.getUpscaler().getName()).isEqualTo("tiny-upscaler");
        assertThat(models.getInterpolator().getName()).isEqualTo("tiny-interpolation");
        assertThat(models.getSpatialFactor()).isEqualTo(4);
        assertThat(models.getEncodersList()).hasSize(5).allMatch(Encoder::getAvailable);
    }

    private static List<RgbImage> unzipped(ByteString zip) throws IOException {
        List<RgbImage> frames = new ArrayList<>();
        try (ZipInputStream in = new ZipInputStream(zip.newInput())) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                frames.add(PngReader.decode(in.readAllBytes(), 1 << 20).image());
            }
        }
        return frames;
    }

    private static double difference(RgbImage one, RgbImage other) {
        double sum = 0;
        for (int i = 0; i < one.rgb().length; i++) {
            sum += Math.abs((one.rgb()[i] & 0xff) - (other.rgb()[i] & 0xff));
        }
        return sum / one.rgb().length;
    }
}
