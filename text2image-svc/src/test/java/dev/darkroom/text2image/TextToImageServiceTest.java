// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import static dev.darkroom.text2image.TestingService.parameters;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.darkroom.inference.image.PngReader;
import dev.darkroom.inference.onnx.LiveHandles;
import dev.darkroom.rpc.Admission;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.rpc.Violation;
import dev.darkroom.text2image.TestingService.Generated;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.GenerateResponse;
import dev.darkroom.text2image.v1.GenerateResponse.EventCase;
import dev.darkroom.text2image.v1.GeneratedImage;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.ListModelsRequest;
import io.grpc.Context;
import io.grpc.Status;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The service through its real stub, with real ONNX graphs of a few KB. */
@Timeout(120)
final class TextToImageServiceTest {
    private static final int SESSIONS = 5 * 3;
    private static TestingService service;

    @BeforeAll
    static void start() {
        service = TestingService.tiny("per-row", "scalar", "coupled", "black", "nan");
    }

    @AfterAll
    static void stop() {
        service.close();
        assertThat(LiveHandles.count()).isZero();
    }

    @Test
    void generate_promptAlone_streamsNumberedEventsAndOnePicture() throws IOException {
        Generated generated = service.generate(ImageParameters.newBuilder().setPrompt("a fox in the snow"));

        assertThat(generated.events())
                .extracting(GenerateResponse::getSequence)
                .isSorted()
                .doesNotHaveDuplicates();
        assertThat(generated.events().getFirst().hasQueued()).isTrue();
        assertThat(generated.of(EventCase.STAGE_STARTED))
                .extracting(event -> event.getStageStarted().getStage())
                .containsExactly("text_encoder", "denoise", "vae_decoder", "encode");
        GenerateResponse lastStep = generated.of(EventCase.STEP_COMPLETED).getLast();
        assertThat(lastStep.getStepCompleted().getStep()).isEqualTo(6);
        assertThat(lastStep.getStepCompleted().getNumInferenceSteps()).isEqualTo(6);
        assertThat(generated.events().getLast().getCompleted().getParameters().getPrompt())
                .isEqualTo("a fox in the snow");
        PngReader.Picture picture = PngReader.decode(generated.picture(), 1 << 20);
        assertThat(picture.image().width()).isEqualTo(32);
        assertThat(picture.image().height()).isEqualTo(32);
    }

    @Test
    void generate_defaultsLeftOpen_areResolvedFromTheFolder() {
        GenerateResponse last = service.generate(ImageParameters.newBuilder().setPrompt("a fox"))
                .events()
                .getLast();
        ImageParameters used = last.getCompleted().getParameters();

        assertThat(used.getModel()).isEqualTo("per-row");
        assertThat(used.getNumInferenceSteps()).isEqualTo(6); // generation_defaults.json
        assertThat(used.getGuidanceScale()).isEqualTo(3f);
        assertThat(used.getScheduler()).isEqualTo("ddim");
        assertThat(used.getWidth()).isEqualTo(32);
        assertThat(ImageParameters.getDescriptor().getFields().stream()
                        .filter(field -> !used.getAllFields().containsKey(field)))
                .extracting(FieldDescriptor::getName)
                .as("what has no meaning without a negative prompt, a picture and a refiner")
                .containsExactly(
                        "negative_prompt",
                        "strength",
                        "refiner",
                        "refiner_start",
                        "aesthetic_score",
                        "negative_aesthetic_score",
                        "original_height",
                        "original_width",
                        "crop_top",
                        "crop_left",
                        "target_height",
                        "target_width");
        assertThat(last.getCompleted().getFingerprint().getModelDigest()).matches("[0-9a-f]{64}");
    }

    @Test
    void generate_severalPictures_carrySeedDigestAndParameters() throws Exception {
        Generated generated =
                service.generate(parameters("a fox").setNumImagesPerPrompt(3).setNegativePrompt("the cat"));

        List<GenerateResponse> images = generated.of(EventCase.IMAGE);
        for (int i = 0; i < 3; i++) {
            GeneratedImage image = images.get(i).getImage();
            byte[] png = generated.pictures().get(i);
            assertThat(image.getSeed()).isEqualTo(7 + i);
            assertThat(image.getImage().getSizeBytes()).isEqualTo(png.length);
            assertThat(image.getImage().getSha256()).isEqualTo(sha256(png));
            JsonNode json =
                    new JsonMapper().readTree(PngReader.decode(png, 1 << 20).parametersJson());
            assertThat(json.path("seed").asLong()).isEqualTo(7 + i);
            assertThat(json.path("prompt").asText()).isEqualTo("a fox");
            assertThat(json.path("negative_prompt").asText()).isEqualTo("the cat");
            assertThat(json.path("fingerprint").path("model_digest").asText()).hasSize(64);
        }
        assertThat(generated.pictures().get(0))
                .isNotEqualTo(generated.pictures().get(1));
    }

    @Test
    void generate_largePicture_arrivesInChunksOfAtMost64KiB() {
        Generated generated = service.generate(
                parameters("a fox").setWidth(512).setHeight(384).setNumInferenceSteps(1));

        assertThat(generated.of(EventCase.IMAGE_CHUNK))
                .hasSizeGreaterThan(1)
                .allSatisfy(event ->
                        assertThat(event.getImageChunk().getData().size()).isBetween(1, 65_536));
    }

    @Test
    void generate_sameSeed_givesTheSameBytesAloneInABatchAndBesideOthers() throws Exception {
        byte[] alone = service.generate(parameters("a fox").setSeed(10)).picture();
        Generated batch = service.generate(parameters("a fox").setSeed(3).setNumImagesPerPrompt(8));
        assertThat(batch.pictures().get(7)).isEqualTo(alone);

        try (TestingService parallel = new TestingService(
                        TestingService.TINY,
                        Map.of("darkroom.text2image.models", List.of("per-row"), "darkroom.admission.running", 4));
                ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<byte[]>> together = IntStream.range(0, 12)
                    .mapToObj(i -> callers.submit(() -> parallel.generate(
                                    parameters(i % 2 == 0 ? "a fox" : "a cat").setSeed(i % 2 == 0 ? 10 : i))
                            .picture()))
                    .toList();
            for (int i = 0; i < 12; i += 2) {
                assertThat(together.get(i).get()).isEqualTo(alone);
            }
        }
    }

    @Test
    void generate_graphWhoseRowsAreCoupled_stillGivesTheSameBytesAloneAndInABatch() {
        Models models = service.bean(Models.class);
        assertThat(models.named("per-row").denoiser().rowsPerCall()).isEqualTo(16);
        assertThat(models.named("coupled").denoiser().rowsPerCall()).isEqualTo(1);

        byte[] alone = service.generate(
                        parameters("a fox").setModel("coupled").setSeed(10).setGuidanceScale(1))
                .picture();
        Generated batch = service.generate(parameters("a fox")
                .setModel("coupled")
                .setSeed(3)
                .setGuidanceScale(1)
                .setNumImagesPerPrompt(8));
        assertThat(batch.pictures().get(7)).isEqualTo(alone);
    }

    @Test
    void generate_scalarTimestepGraph_drawsWhatThePerRowGraphDraws() throws IOException {
        Generated perRow = service.generate(parameters("a fox")
                .setNumImagesPerPrompt(2)
                .setNumInferenceSteps(5)
                .setGuidanceScale(2));
        Generated scalar = service.generate(parameters("a fox")
                .setNumImagesPerPrompt(2)
                .setNumInferenceSteps(5)
                .setGuidanceScale(2)
                .setModel("scalar"));

        assertThat(pixels(scalar.pictures().get(1)))
                .isEqualTo(pixels(perRow.pictures().get(1)));
    }

    @Test
    void generate_everyParameter_changesThePicture() throws IOException {
        PngReader.Picture base =
                PngReader.decode(service.generate(parameters("a fox")).picture(), 1 << 20);
        for (ImageParameters.Builder changed : List.of(
                parameters("a cat"),
                parameters("a fox").setNegativePrompt("the snow"),
                parameters("a fox").setNumInferenceSteps(7),
                parameters("a fox").setGuidanceScale(3.5f),
                parameters("a fox").setGuidanceRescale(0.7f),
                parameters("a fox").setScheduler("euler"),
                parameters("a fox").setScheduler("ddpm"),
                parameters("a fox").setEta(0.5f),
                parameters("a fox").setSeed(8))) {
            assertThat(PngReader.decode(service.generate(changed).picture(), 1 << 20)
                            .image())
                    .as("%s", changed)
                    .isNotEqualTo(base.image());
        }
    }

    @Test
    void generate_guidanceAtMostOne_ignoresTheNegativePrompt() throws IOException {
        byte[] with = service.generate(parameters("a fox").setGuidanceScale(1).setNegativePrompt("snow"))
                .picture();
        byte[] without =
                service.generate(parameters("a fox").setGuidanceScale(1)).picture();

        assertThat(pixels(with)).isEqualTo(pixels(without));
    }

    @Test
    void generate_previewInterval_sendsPreviewsOnTheWay() throws IOException {
        Generated generated = service.generate(GenerateRequest.newBuilder()
                .setParameters(parameters("a fox")
                        .setNumInferenceSteps(5)
                        .setWidth(512)
                        .setHeight(256))
                .setPreviewInterval(2)
                .build());

        assertThat(generated.of(EventCase.PREVIEW))
                .extracting(event -> event.getPreview().getStep())
                .containsExactly(2, 4);
        byte[] png =
                generated.of(EventCase.PREVIEW).getLast().getPreview().getPng().toByteArray();
        assertThat(png.length).isLessThanOrEqualTo(65_536);
        assertThat(PngReader.decode(png, 1 << 20).image().width()).isEqualTo(128);
        assertThat(PngReader.decode(png, 1 << 20).image().height()).isEqualTo(64);
    }

    @Test
    void generate_promptBeyondTheWindow_warnsWithTheWordsNotSeen() {
        Generated generated =
                service.generate(parameters("the fox the cat the fox the cat the fox the cat the fox the snow ends"));

        GenerateResponse warning = generated.of(EventCase.WARNING).getFirst();
        assertThat(warning.getWarning().getReason()).isEqualTo("PROMPT_TRUNCATED");
        assertThat(warning.getWarning().getMessage()).endsWith("Not seen: the snow ends");
    }

    @Test
    void generate_promptWithoutKnownSubject_warnsWithWhatTheModelKnows() {
        Generated outside = service.generate(parameters("a zebra"));
        assertThat(outside.of(EventCase.WARNING))
                .extracting(event -> event.getWarning().getReason())
                .containsExactly("PROMPT_OUTSIDE_WORLD");
        assertThat(outside.of(EventCase.WARNING).getFirst().getWarning().getMessage())
                .endsWith("It knows: cat, fox, palm tree.");
        assertThat(outside.pictures()).hasSize(1);

        assertThat(service.generate(parameters("two Kittens")).of(EventCase.WARNING))
                .isEmpty();
    }

    @Test
    void generate_blackOrNotANumber_isAFaultAndNeverAPicture() {
        for (String model : List.of("black", "nan")) {
            ErrorDetails error =
                    failure(request(parameters("a fox").setModel(model).setNumInferenceSteps(2)));
            assertThat(error.code()).isEqualTo(Status.Code.INTERNAL);
            assertThat(error.reason()).isEqualTo("IMAGE_DEGENERATE");
        }
    }

    @Test
    void generate_manyBadFields_namesAllOfThemWithLimits() {
        ErrorDetails error = failure(request(ImageParameters.newBuilder()
                        .setPrompt("p".repeat(1_000_000))
                        .setNegativePrompt("a\0b")
                        .setNumInferenceSteps(1_000_000)
                        .setGuidanceScale(Float.NaN)
                        .setGuidanceRescale(Float.POSITIVE_INFINITY)
                        .setScheduler("restart")
                        .setEta(2)
                        .setNumImagesPerPrompt(0)
                        .setWidth(33)
                        .setHeight(8192))
                .toBuilder()
                .setPreviewInterval(-1)
                .build());

        assertThat(error.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(error.violations())
                .extracting(Violation::field)
                .containsExactlyInAnyOrder(
                        "parameters.prompt",
                        "parameters.negative_prompt",
                        "parameters.num_inference_steps",
                        "parameters.guidance_scale",
                        "parameters.guidance_rescale",
                        "parameters.scheduler",
                        "parameters.eta",
                        "parameters.num_images_per_prompt",
                        "parameters.width",
                        "parameters.height",
                        "preview_interval");
        assertThat(error.violations())
                .extracting(Violation::description)
                .anySatisfy(
                        text -> assertThat(text).contains("ddim, ddpm, euler").contains("restart"))
                .anySatisfy(text -> assertThat(text).contains("1 to 1000").contains("1000000"))
                .anySatisfy(text -> assertThat(text)
                        .contains("multiple of 8 from 8 to 1024")
                        .contains("33"));
    }

    @Test
    void generate_emptyPromptOrNoSteps_isRefused() {
        ErrorDetails error = failure(request(ImageParameters.newBuilder().setNumInferenceSteps(0)));
        assertThat(error.violations())
                .extracting(Violation::field)
                .containsExactly("parameters.prompt", "parameters.num_inference_steps");
    }

    @Test
    void generate_etaForASamplerWithoutIt_isRefused() {
        ErrorDetails error =
                failure(request(parameters("a fox").setScheduler("euler").setEta(0.5f)));
        assertThat(error.violations()).extracting(Violation::field).containsExactly("parameters.eta");
    }

    @Test
    void generate_unknownModel_isNotFoundNamingTheKnownOnes() {
        ErrorDetails error = failure(request(parameters("a fox").setModel("sdxl")));
        assertThat(error.code()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(error.reason()).isEqualTo("MODEL_UNKNOWN");
        assertThat(error.message()).contains("per-row, scalar, coupled, black, nan");
    }

    @Test
    void generate_noPlaceLeft_isResourceExhaustedWithARetryTime() {
        try (TestingService small = new TestingService(
                TestingService.TINY,
                Map.of(
                        "darkroom.text2image.models", List.of("per-row"),
                        "darkroom.admission.running", 1,
                        "darkroom.admission.waiting", 0))) {
            Context.CancellableContext first = Context.current().withCancellation();
            Iterator<GenerateResponse> running =
                    callIn(first, () -> small.patientStub().generate(lasting()));
            awaitStep(running);

            ErrorDetails error = ErrorDetails.of(catchThrowable(() -> small.generate(parameters("a fox"))));
            assertThat(error.code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
            assertThat(error.retryAfter()).isPositive();
            first.cancel(null);
        }
    }

    @Test
    void generate_cancelledOrTooLate_stopsAndFreesNativeMemory() {
        for (int i = 0; i < 20; i++) {
            Context.CancellableContext call = Context.current().withCancellation();
            Iterator<GenerateResponse> running =
                    callIn(call, () -> service.patientStub().generate(lasting()));
            awaitStep(running);
            call.cancel(null);
            ErrorDetails late = ErrorDetails.of(catchThrowable(() -> Generated.collect(
                    service.stub().withDeadlineAfter(Duration.ofMillis(50)).generate(lasting()))));
            assertThat(late.code()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        }
        awaitNobodyWorks();
        assertThat(LiveHandles.count()).isEqualTo(SESSIONS);
    }

    private static void awaitNobodyWorks() {
        while (service.bean(Admission.class).running() > 0) {
            Thread.onSpinWait();
        }
    }

    @Test
    void generate_shortBesideALongOne_isNotHeldUp() {
        Context.CancellableContext call = Context.current().withCancellation();
        Iterator<GenerateResponse> lasting =
                callIn(call, () -> service.patientStub().generate(lasting()));
        awaitStep(lasting);
        byte[] besides = service.generate(parameters("a fox")).picture();
        awaitStep(lasting); // it goes on
        call.cancel(null);
        awaitNobodyWorks();

        assertThat(besides).isEqualTo(service.generate(parameters("a fox")).picture());
    }

    @Test
    void generate_deadlineThatNothingCanMeet_isRefusedAtOnceWithThePrediction() {
        service.generate(parameters("a fox")); // from then on it is known what a row of this size costs
        GenerateRequest lasting =
                request(parameters("a fox").setNumInferenceSteps(1000).setNumImagesPerPrompt(16));
        ErrorDetails error = ErrorDetails.of(catchThrowable(() -> Generated.collect(
                service.stub().withDeadlineAfter(Duration.ofMillis(100)).generate(lasting))));

        assertThat(error.code()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        assertThat(error.reason()).isEqualTo("DEADLINE_TOO_SHORT");
        assertThat(error.message()).matches("This takes about [0-9.]+ s, and the deadline is in [0-9.]+ s");
    }

    @Test
    void generate_twoHundredPictures_leavesNoNativeMemoryOpen() {
        for (int i = 0; i < 25; i++) {
            service.generate(parameters("a fox")
                    .setNumImagesPerPrompt(8)
                    .setNumInferenceSteps(2)
                    .setSeed(i));
        }
        assertThat(LiveHandles.count()).isEqualTo(SESSIONS);
    }

    @Test
    void generate_slowReader_getsTheLatestProgressAndEveryPixel() {
        // A preview per step is some megabytes: far more than the transport takes without a reader.
        GenerateRequest request = GenerateRequest.newBuilder()
                .setParameters(parameters("a fox").setWidth(128).setHeight(128).setNumInferenceSteps(400))
                .setPreviewInterval(1)
                .build();
        Iterator<GenerateResponse> unread = service.stub().generate(request);
        awaitStep(unread);
        awaitNobodyWorks();
        Generated rest = Generated.collect(unread);

        assertThat(rest.of(EventCase.STEP_COMPLETED)).hasSizeLessThan(400);
        assertThat(rest.of(EventCase.STEP_COMPLETED)
                        .getLast()
                        .getStepCompleted()
                        .getStep())
                .isEqualTo(400);
        assertThat(rest.events().getLast().hasCompleted()).isTrue();
        assertThat(rest.picture()).hasSize((int)
                rest.of(EventCase.IMAGE).getFirst().getImage().getImage().getSizeBytes());
    }

    @Test
    void listModels_starBehindAName_putsThatFirstAndAddsTheOthers() {
        try (TestingService chosen = TestingService.tiny("scalar", "*")) {
            assertThat(chosen.stub()
                            .listModels(ListModelsRequest.getDefaultInstance())
                            .getModelsList())
                    .extracting(ImageModel::getName)
                    .containsExactly("scalar", "black", "coupled", "nan", "per-row");
        }
    }

    @Test
    void listModels_upscalersBehindAName_leavesOtherModelsOut() {
        try (TestingService chosen = TestingService.tiny("scalar", "*upscalers")) {
            assertThat(chosen.stub()
                            .listModels(ListModelsRequest.getDefaultInstance())
                            .getModelsList())
                    .extracting(ImageModel::getName)
                    .containsExactly("scalar");
        }
    }

    @Test
    void listModels_always_describesEachModel() {
        List<ImageModel> models = service.stub()
                .listModels(ListModelsRequest.getDefaultInstance())
                .getModelsList();

        assertThat(models)
                .extracting(ImageModel::getName)
                .containsExactly("per-row", "scalar", "coupled", "black", "nan");
        ImageModel first = models.getFirst();
        assertThat(first.getPipeline()).isEqualTo("StableDiffusionPipeline");
        assertThat(first.getSchedulersList())
                .containsExactly(
                        "ddim",
                        "ddpm",
                        "euler",
                        "euler_a",
                        "pndm",
                        "lms",
                        "heun",
                        "dpm2",
                        "dpm2_a",
                        "dpmpp_2m",
                        "dpmpp_2m_sde",
                        "dpmpp_2s",
                        "dpmpp_sde",
                        "unipc",
                        "lcm",
                        "tcd");
        assertThat(first.getKnownSubjectsList()).containsExactly("cat", "fox", "palm tree");
        assertThat(first.getDefaults().getNumInferenceSteps()).isEqualTo(6);
        assertThat(first.getLimits().getSizeMultiple()).isEqualTo(8);
        assertThat(first.getLimits().getPromptWindow()).isEqualTo(16);
        assertThat(models.get(1).getDefaults().getNumInferenceSteps()).isEqualTo(50);
    }

    private static void awaitStep(Iterator<GenerateResponse> events) {
        while (!events.next().hasStepCompleted()) {}
    }

    private static <T> T callIn(Context context, Supplier<T> call) {
        Context previous = context.attach();
        try {
            return call.get();
        } finally {
            context.detach(previous);
        }
    }

    private static GenerateRequest lasting() {
        return request(parameters("a fox")
                .setNumInferenceSteps(1000)
                .setNumImagesPerPrompt(16)
                .setWidth(512)
                .setHeight(512));
    }

    private static GenerateRequest request(ImageParameters.Builder parameters) {
        return GenerateRequest.newBuilder().setParameters(parameters).build();
    }

    private static ErrorDetails failure(GenerateRequest request) {
        return ErrorDetails.of(catchThrowable(() -> service.generate(request)));
    }

    private static ByteBuffer pixels(byte[] png) throws IOException {
        return ByteBuffer.wrap(PngReader.decode(png, 1 << 20).image().rgb());
    }

    private static String sha256(byte[] bytes) throws NoSuchAlgorithmException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }
}
