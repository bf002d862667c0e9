// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.protobuf.ByteString;
import dev.darkroom.inference.diffusion.LoopState;
import dev.darkroom.inference.diffusion.LoopStateFormat;
import dev.darkroom.inference.image.PngWriter;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.LiveHandles;
import dev.darkroom.inference.scheduler.History;
import dev.darkroom.inference.tensor.GaussianNoise;
import dev.darkroom.inference.tensor.Tensor;
import dev.darkroom.media.v1.Checkpoint;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.rpc.Violation;
import dev.darkroom.text2image.TestingService.Generated;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.GenerateResponse;
import dev.darkroom.text2image.v1.GenerateResponse.EventCase;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.ListModelsRequest;
import dev.darkroom.text2image.v1.UpscaleParameters;
import dev.darkroom.text2image.v1.UpscaleRequest;
import dev.darkroom.text2image.v1.UpscaleResponse;
import io.grpc.Context;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Pictures that one start of the service began and another one finishes, against pictures that nothing disturbed: for every sampler, family and option,
 * to the byte. Both starts load the models for themselves; between them only the checkpoint is kept.
 */
@Timeout(300)
final class ResumeTest {
    private static final String FLOW = "flow";
    private static final String UPSCALER = "tiny-upscaler";
    private static final int STOP_AFTER = 5;

    private static final Map<String, Stopped> stopped = new LinkedHashMap<>();

    @TempDir
    private static Path models;

    private static TestingService second;

    /**
     * What is left of a generation that was cancelled.
     *
     * @param undisturbed pictures of the same request, not cancelled
     * @param checkpoints the last of each picture
     */
    private record Stopped(GenerateRequest request, List<byte[]> undisturbed, List<Checkpoint> checkpoints) {
        GenerateRequest resumed() {
            return request.toBuilder().addAllResume(checkpoints).build();
        }

        GenerateRequest resumedFrom(Checkpoint changed) {
            return request.toBuilder().addResume(changed).build();
        }
    }

    @BeforeAll
    static void stopEverythingHalfway() throws IOException {
        for (String family : List.of("stable-diffusion", "sdxl", "sdxl-refiner", "lcm", "pixart-sigma")) {
            RecordedFamily.unpack(family, models);
        }
        flow(RecordedFamily.extract("stable-diffusion", "folder/", models.resolve(FLOW)));
        try (TestingService first = service()) {
            for (String model : List.of("stable-diffusion", FLOW)) {
                for (String sampler : samplers(first, model)) {
                    stop(first, sampler, request(parameters(model).setScheduler(sampler)), STOP_AFTER);
                }
            }
            for (String family : List.of("lcm", "pixart-sigma", "sdxl")) {
                stop(first, "family " + family, request(parameters(family)), STOP_AFTER);
            }
            var refined = parameters("sdxl")
                    .setScheduler("euler_a")
                    .setRefiner("sdxl-refiner")
                    .setRefinerStart(0.5);
            stop(first, "before the refiner", request(refined), 2);
            stop(first, "refiner", request(refined), 4 + 2);
            stop(first, "several", request(sampled("dpmpp_2m_sde").setNumImagesPerPrompt(3)), STOP_AFTER);
            stop(first, "eta", request(sampled("ddim").setEta(0.7f)), STOP_AFTER);
            stop(
                    first,
                    "interval",
                    request(sampled("unipc").setGuidanceStart(0.3).setGuidanceEnd(0.8)),
                    STOP_AFTER);
            stop(first, "previews", request(sampled("euler_a")).setPreviewInterval(1), STOP_AFTER);
            stop(
                    first,
                    "picture",
                    request(sampled("ddpm").clearWidth().clearHeight().setStrength(0.9))
                            .setImage(picture()),
                    STOP_AFTER);
        }
        assertThat(LiveHandles.count()).as("nothing of the first start is left").isZero();
        second = service();
    }

    @AfterAll
    static void stop() {
        stopped.clear();
        second.close();
    }

    private static Stopped stopped(String name) {
        return Objects.requireNonNull(stopped.get(name), name);
    }

    private static TestingService service() {
        return new TestingService(
                models,
                Map.of(
                        "darkroom.text2image.models",
                        List.of(
                                "stable-diffusion",
                                FLOW,
                                "sdxl",
                                "sdxl-refiner",
                                "lcm",
                                "pixart-sigma",
                                TestingService.UPSCALER.toAbsolutePath().toString())));
    }

    /** The same networks, taken for ones that predict a flow: what they draw is noise either way. */
    private static void flow(Path folder) throws IOException {
        JsonMapper json = new JsonMapper();
        json.writeValue(
                folder.resolve("scheduler/scheduler_config.json").toFile(),
                Map.of("_class_name", "FlowMatchEulerDiscreteScheduler", "num_train_timesteps", 1000, "shift", 3.0));
    }

    private static List<String> samplers(TestingService service, String model) {
        return service.stub().listModels(ListModelsRequest.getDefaultInstance()).getModelsList().stream()
                .filter(each -> each.getName().equals(model))
                .map(ImageModel::getSchedulersList)
                .findFirst()
                .orElseThrow();
    }

    private static ImageParameters.Builder parameters(String model) {
        return TestingService.parameters("the fox")
                .setModel(model)
                .setNumInferenceSteps(8)
                .setGuidanceScale(3);
    }

    private static ImageParameters.Builder sampled(String sampler) {
        return parameters("stable-diffusion").setScheduler(sampler);
    }

    private static GenerateRequest.Builder request(ImageParameters.Builder parameters) {
        return GenerateRequest.newBuilder().setParameters(parameters);
    }

    private static ByteString picture() {
        byte[] rgb = new byte[16 * 16 * 3];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i * 7);
        }
        return ByteString.copyFrom(PngWriter.encode(RgbImage.of(16, 16, rgb), ""));
    }

    /** Draws undisturbed, and again until every picture has its checkpoint after a step. */
    private static void stop(TestingService service, String name, GenerateRequest.Builder request, int after) {
        List<byte[]> undisturbed = service.generate(request.build()).pictures();
        List<Checkpoint> checkpoints =
                checkpoints(service, request.setCheckpointInterval(1).build(), after);
        stopped.put(name, new Stopped(request.clearCheckpointInterval().build(), undisturbed, checkpoints));
    }

    private static List<Checkpoint> checkpoints(TestingService service, GenerateRequest request, int after) {
        Context.CancellableContext call = Context.current().withCancellation();
        List<Checkpoint> last = new ArrayList<>();
        int pictures = Math.max(1, request.getParameters().getNumImagesPerPrompt());
        call.run(() -> {
            Iterator<GenerateResponse> events = service.stub().generate(request);
            for (int seen = 0; seen < after * pictures; ) {
                GenerateResponse event = events.next();
                if (event.hasCheckpoint()) {
                    seen++;
                    last.add(event.getCheckpoint());
                }
            }
            call.cancel(null);
        });
        return last.subList(last.size() - pictures, last.size());
    }

    @TestFactory
    Stream<DynamicTest> generate_resumedInAnotherStart_givesTheBytesOfAnUndisturbedRun() {
        assertThat(stopped).hasSizeGreaterThanOrEqualTo(17 + 3 + 7);
        return stopped.entrySet().stream()
                .map(each -> DynamicTest.dynamicTest(each.getKey(), () -> givesTheSame(each.getValue())));
    }

    private static void givesTheSame(Stopped work) {
        Generated resumed = second.generate(work.resumed());
        assertThat(resumed.pictures()).hasSameSizeAs(work.undisturbed());
        for (int i = 0; i < resumed.pictures().size(); i++) {
            assertThat(resumed.pictures().get(i)).isEqualTo(work.undisturbed().get(i));
        }
        assertThat(resumed.of(EventCase.STEP_COMPLETED)
                        .getFirst()
                        .getStepCompleted()
                        .getStep())
                .as("steps before the checkpoint are not made again")
                .isEqualTo(work.checkpoints().getFirst().getStep() + 1);
        assertThat(resumed.of(EventCase.WARNING)).isEmpty();
    }

    /** A sampler that ignored its history, or drew noise from the beginning, would fail here: these have both. */
    @Test
    void generate_resumedWithoutHistoryOrAtAnotherNoise_wouldGiveOtherBytes() {
        Stopped work = stopped("dpmpp_2m_sde");
        LoopState state = state(work.checkpoints().getFirst());
        assertThat(state.history().tensors()).isNotEmpty();
        assertThat(state.noise().getFirst().draws()).isPositive();
        assertThat(resumeAt(work, state)).isEqualTo(work.undisturbed().getFirst());

        Map<String, Tensor> forgotten = new HashMap<>(state.history().tensors());
        forgotten.replaceAll((_, _) -> state.latents());
        History other = new History(state.history().steps(), forgotten);
        assertThat(resumeAt(work, new LoopState(state.step(), state.latents(), other, state.noise())))
                .isNotEqualTo(work.undisturbed().getFirst());
        assertThat(resumeAt(
                        work,
                        new LoopState(
                                state.step(), state.latents(), state.history(), List.of(GaussianNoise.Position.START))))
                .isNotEqualTo(work.undisturbed().getFirst());
    }

    private static LoopState state(Checkpoint checkpoint) {
        return LoopStateFormat.read(checkpoint.getState().toByteArray());
    }

    private static byte[] resumeAt(Stopped work, LoopState state) {
        return second.generate(work.resumedFrom(with(work.checkpoints().getFirst(), state)))
                .picture();
    }

    /** Returns a checkpoint whose digest is right again. */
    private static Checkpoint with(Checkpoint checkpoint, LoopState state) {
        ByteString bytes = ByteString.copyFrom(LoopStateFormat.write(state));
        return checkpoint.toBuilder()
                .setState(bytes)
                .setSha256(Sha256.of(bytes))
                .build();
    }

    @Test
    void generate_resumedPicturesOfSeveral_leavesTheFinishedOnesAlone() {
        Stopped work = stopped("several");
        GenerateRequest rest = work.request().toBuilder()
                .addResume(work.checkpoints().get(2))
                .addResume(work.checkpoints().get(1))
                .setPreviewInterval(1)
                .build();
        Generated resumed = second.generate(rest);

        assertThat(resumed.of(EventCase.IMAGE))
                .extracting(event -> event.getImage().getImage().getIndex())
                .containsExactly(2, 1);
        assertThat(resumed.of(EventCase.IMAGE))
                .extracting(event -> event.getImage().getSeed())
                .containsExactly(9L, 8L);
        assertThat(resumed.of(EventCase.PREVIEW))
                .isNotEmpty()
                .allSatisfy(event -> assertThat(event.getPreview().getIndex()).isIn(1, 2));
        assertThat(resumed.pictures().getFirst()).isEqualTo(work.undisturbed().get(1));
        assertThat(resumed.pictures().getLast()).isEqualTo(work.undisturbed().get(2));
    }

    @Test
    void generate_seedLeftOpen_takesTheCheckpoints() {
        Stopped work = stopped("several");
        GenerateRequest.Builder seedless = work.request().toBuilder();
        seedless.getParametersBuilder().clearSeed();
        Generated resumed =
                second.generate(seedless.addResume(work.checkpoints().get(2)).build());
        assertThat(resumed.picture()).isEqualTo(work.undisturbed().get(2));
    }

    @Test
    void generate_resumedAndStoppedAgain_goesOnFromTheLaterCheckpoint() {
        Stopped work = stopped("lms");
        GenerateRequest again =
                work.resumed().toBuilder().setCheckpointInterval(1).build();
        List<Checkpoint> later = checkpoints(second, again, 2);
        assertThat(later.getFirst().getStep()).isEqualTo(STOP_AFTER + 2);
        assertThat(second.generate(work.resumedFrom(later.getFirst())).picture())
                .isEqualTo(work.undisturbed().getFirst());
    }

    @Test
    void generate_checkpointsAsked_comeAfterEveryKStepsButTheLastAndChangeNothing() {
        Stopped work = stopped("pndm");
        Generated asked = second.generate(
                work.request().toBuilder().setCheckpointInterval(2).build());
        Checkpoint last = asked.of(EventCase.CHECKPOINT).getLast().getCheckpoint();
        assertThat(asked.of(EventCase.CHECKPOINT))
                .extracting(event -> event.getCheckpoint().getStep())
                .isEqualTo(Stream.iterate(2, step -> step < last.getNumInferenceSteps(), step -> step + 2)
                        .toList());
        assertThat(asked.picture()).isEqualTo(work.undisturbed().getFirst());
        assertThat(last.getSeed()).isEqualTo(7);
        assertThat(last.getStage()).isEqualTo("denoise");
        assertThat(last.getFingerprint())
                .isEqualTo(asked.events().getLast().getCompleted().getFingerprint());
        assertThat(second.generate(work.request()).of(EventCase.CHECKPOINT)).isEmpty();
    }

    @Test
    void generate_damagedCheckpoint_isRefused() {
        Checkpoint good = stopped("heun").checkpoints().getFirst();
        byte[] flipped = good.getState().toByteArray();
        flipped[flipped.length / 2] ^= 1;
        assertThat(violations(
                        "heun",
                        checkpoint -> checkpoint.toBuilder()
                                .setState(ByteString.copyFrom(flipped))
                                .build()))
                .containsExactly("resume[0].state");
        ByteString cut = good.getState().substring(0, good.getState().size() - 4);
        assertThat(violations(
                        "heun",
                        checkpoint -> checkpoint.toBuilder().setState(cut).build()))
                .containsExactly("resume[0].state");
        assertThat(violations(
                        "heun",
                        checkpoint -> checkpoint.toBuilder()
                                .setState(cut)
                                .setSha256(Sha256.of(cut))
                                .build()))
                .containsExactly("resume[0].state");
        assertThat(violations("heun", _ -> Checkpoint.getDefaultInstance()))
                .contains("resume[0].state", "resume[0].seed");
        assertThat(violations(
                        "heun", checkpoint -> checkpoint.toBuilder().setStep(4).build()))
                .containsExactly("resume[0].state");
        assertThat(violations(
                        "heun",
                        checkpoint -> checkpoint.toBuilder().setStage("refine").build()))
                .containsExactly("resume[0].stage");
    }

    @Test
    void generate_stateThatIsNoneOfTheLoop_isRefused() {
        LoopState heun = state(stopped("heun").checkpoints().getFirst());
        List<LoopState> others = List.of(
                new LoopState(heun.step(), heun.latents(), new History(5, Map.of()), heun.noise()),
                new LoopState(
                        heun.step(),
                        heun.latents(),
                        new History(4, heun.history().tensors()),
                        heun.noise()),
                new LoopState(heun.step(), heun.latents(), heun.history(), List.of()),
                new LoopState(
                        heun.step(),
                        heun.latents(),
                        heun.history(),
                        List.of(new GaussianNoise.Position(Long.MAX_VALUE, Double.NaN))),
                new LoopState(0, heun.latents(), heun.history(), heun.noise()),
                new LoopState(
                        heun.step(),
                        heun.latents().reshape(1, 4, 1, heun.latents().size() / 4),
                        heun.history(),
                        heun.noise()));
        for (LoopState other : others) {
            assertThat(violations("heun", checkpoint -> with(checkpoint, other)))
                    .as(other.toString())
                    .containsExactly("resume[0].state");
        }
    }

    @Test
    void generate_checkpointOfAnotherRequest_isRefused() {
        assertThat(violations("ddim", _ -> stopped("ddpm").checkpoints().getFirst()))
                .containsExactly("resume[0].parameters_sha256");
        assertThat(violations("ddim", _ -> stopped("eta").checkpoints().getFirst()))
                .containsExactly("resume[0].parameters_sha256");
        assertThat(violations("family sdxl", _ -> stopped("ddim").checkpoints().getFirst()))
                .containsExactly("resume[0].parameters_sha256");
        Stopped picture = stopped("picture");
        GenerateRequest.Builder withoutIt = picture.resumed().toBuilder().clearImage();
        withoutIt.getParametersBuilder().clearStrength().setWidth(16).setHeight(16);
        assertThat(violations(withoutIt.build())).containsExactly("resume[0].parameters_sha256");
        assertThat(violations("ddim", _ -> stopped("several").checkpoints().get(1)))
                .containsExactly("resume[0].index");
    }

    @Test
    void generate_checkpointsThatDoNotGoTogether_areRefused() {
        Stopped work = stopped("several");
        Checkpoint first = work.checkpoints().getFirst();
        assertThat(violations(work.request().toBuilder()
                        .addResume(first)
                        .addResume(first)
                        .build()))
                .containsExactly("resume[1].index");
        Checkpoint earlier = checkpoints(
                        second,
                        work.request().toBuilder().setCheckpointInterval(1).build(),
                        2)
                .get(1);
        assertThat(violations(work.request().toBuilder()
                        .addResume(first)
                        .addResume(earlier)
                        .build()))
                .containsExactly("resume[1].step");
        assertThat(violations(
                        work.request().toBuilder().setCheckpointInterval(1001).build()))
                .containsExactly("checkpoint_interval");
    }

    private static List<String> violations(String name, UnaryOperator<Checkpoint> change) {
        Stopped work = stopped(name);
        return violations(work.resumedFrom(change.apply(work.checkpoints().getFirst())));
    }

    private static List<String> violations(GenerateRequest request) {
        Throwable thrown = catchThrowable(() -> second.generate(request));
        assertThat(Status.fromThrowable(thrown).getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        return ErrorDetails.of(thrown).violations().stream()
                .map(Violation::field)
                .toList();
    }

    /** As on a worker with another CPU, or after an update: the picture of that worker, from its beginning. */
    @Test
    void generate_checkpointOfAnotherFingerprint_startsOverAndSaysSo() {
        Stopped work = stopped("euler_a");
        Checkpoint.Builder other = work.checkpoints().getFirst().toBuilder();
        other.getFingerprintBuilder().setCpuFeatures("riscv64");
        Generated drawn = second.generate(work.resumedFrom(other.build()));

        assertThat(drawn.picture()).isEqualTo(work.undisturbed().getFirst());
        assertThat(drawn.of(EventCase.STEP_COMPLETED)
                        .getFirst()
                        .getStepCompleted()
                        .getStep())
                .isEqualTo(1);
        assertThat(drawn.of(EventCase.WARNING).getFirst().getWarning().getReason())
                .isEqualTo("CHECKPOINT_DISCARDED");

        Checkpoint.Builder newer = work.checkpoints().getFirst().toBuilder().setParametersSha256("of another form");
        newer.getFingerprintBuilder().setDarkroomVersion("99");
        assertThat(second.generate(work.resumedFrom(newer.build())).picture())
                .isEqualTo(work.undisturbed().getFirst());
    }

    /** One step is enough: neither the interval nor the time for calls in flight is waited for. */
    @Test
    void generate_serviceEnds_handsTheWorkOverAndAnotherFinishesIt() {
        GenerateRequest request = request(parameters("per-row").setNumInferenceSteps(1000))
                .setCheckpointInterval(1000)
                .build();
        Checkpoint last;
        try (TestingService ending = TestingService.tiny("per-row")) {
            Iterator<GenerateResponse> events = ending.patientStub().generate(request);
            while (!events.next().hasStepCompleted()) {}
            Thread.ofVirtual().start(ending::stop);
            List<GenerateResponse> rest = new ArrayList<>();
            Throwable ended = catchThrowable(() -> events.forEachRemaining(rest::add));
            assertThat(ErrorDetails.of(ended).reason()).isEqualTo("HANDED_OVER");
            assertThat(Status.fromThrowable(ended).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
            last = rest.getLast().getCheckpoint();
            assertThat(last.getStep()).isBetween(1, 999);
        }
        try (TestingService other = TestingService.tiny("per-row")) {
            GenerateRequest resumed = request.toBuilder().addResume(last).build();
            assertThat(other.generate(resumed).picture())
                    .isEqualTo(other.generate(request).picture());
        }
    }

    /** Its picture is denoised in several tiles, and its noise begins with that on the small picture. */
    @Test
    void upscale_resumedInAnotherStart_givesTheBytesOfAnUndisturbedRun() {
        UpscaleRequest request = UpscaleRequest.newBuilder()
                .setParameters(UpscaleParameters.newBuilder()
                        .setModel(UPSCALER)
                        .setPrompt("the fox")
                        .setSeed(7)
                        .setNumInferenceSteps(6)
                        .setScheduler("dpmpp_2m_sde"))
                .setImage(picture())
                .build();
        ByteString undisturbed = second.upscale(request).png();
        List<UpscaleResponse> checkpoints = second.upscale(
                        request.toBuilder().setCheckpointInterval(3).build())
                .of(UpscaleResponse.EventCase.CHECKPOINT);
        assertThat(checkpoints).hasSize(1);
        Checkpoint checkpoint = checkpoints.getFirst().getCheckpoint();

        try (TestingService third = new TestingService(TestingService.TINY, TestingService.withUpscaler())) {
            var resumed =
                    third.upscale(request.toBuilder().setResume(checkpoint).build());
            assertThat(resumed.png()).isEqualTo(undisturbed);
            assertThat(resumed.of(UpscaleResponse.EventCase.STEP_COMPLETED)
                            .getFirst()
                            .getStepCompleted()
                            .getStep())
                    .isEqualTo(4);
        }

        UpscaleRequest.Builder other = request.toBuilder().setResume(checkpoint);
        other.getParametersBuilder().setNoiseLevel(0);
        Throwable thrown = catchThrowable(() -> second.upscale(other.build()));
        assertThat(ErrorDetails.of(thrown).violations())
                .extracting(Violation::field)
                .isEqualTo(Collections.singletonList("resume.parameters_sha256"));
    }
}
