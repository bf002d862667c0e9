// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import static dev.darkroom.text2image.TestingService.parameters;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.protobuf.ByteString;
import dev.darkroom.inference.image.PngReader;
import dev.darkroom.inference.image.PngWriter;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.LiveHandles;
import dev.darkroom.rpc.Admission;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.rpc.Violation;
import dev.darkroom.text2image.TestingService.Upscaled;
import dev.darkroom.text2image.v1.ListModelsRequest;
import dev.darkroom.text2image.v1.ListModelsResponse;
import dev.darkroom.text2image.v1.UpscaleModel;
import dev.darkroom.text2image.v1.UpscaleParameters;
import dev.darkroom.text2image.v1.UpscaleRequest;
import dev.darkroom.text2image.v1.UpscaleResponse;
import dev.darkroom.text2image.v1.UpscaleResponse.EventCase;
import io.grpc.Context;
import io.grpc.Status;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Upscaling through the real stub, with the tiny random upscaler: x4, tiles of 16 pixels, noise levels to 60. */
@Timeout(120)
final class UpscaleServiceTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static TestingService service;

    @BeforeAll
    static void start() {
        service = new TestingService(TestingService.TINY, TestingService.withUpscaler());
    }

    @AfterAll
    static void stop() {
        service.close();
        assertThat(LiveHandles.count()).isZero();
    }

    @Test
    void upscale_pictureAlone_streamsNumberedEventsAndThePicture() {
        Upscaled upscaled = service.upscale(request(png(24, 17)));

        assertThat(upscaled.events())
                .extracting(UpscaleResponse::getSequence)
                .isSorted()
                .doesNotHaveDuplicates();
        assertThat(upscaled.events().getFirst().hasQueued()).isTrue();
        assertThat(upscaled.of(EventCase.STAGE_STARTED))
                .extracting(event -> event.getStageStarted().getStage())
                .containsExactly("text_encoder", "denoise", "vae_decoder", "encode");
        UpscaleResponse lastStep = upscaled.of(EventCase.STEP_COMPLETED).getLast();
        assertThat(lastStep.getStepCompleted().getStep()).isEqualTo(6);
        assertThat(lastStep.getStepCompleted().getNumInferenceSteps()).isEqualTo(6);
        assertThat(upscaled.of(EventCase.WARNING)).isEmpty();
        var image = upscaled.of(EventCase.IMAGE).getFirst().getImage();
        assertThat(image.getIndex()).isZero();
        assertThat(image.getWidth()).isEqualTo(96);
        assertThat(image.getHeight()).isEqualTo(68);
        assertThat(image.getSizeBytes()).isEqualTo(upscaled.png().size());
        assertThat(upscaled.picture().image().width()).isEqualTo(96);
        assertThat(upscaled.picture().image().height()).isEqualTo(68);
    }

    @Test
    void upscale_defaultsLeftOpen_areResolvedFromTheFolder() {
        Upscaled upscaled = service.upscale(request(png(16, 16)));
        UpscaleParameters used = upscaled.used();

        assertThat(used.getModel()).isEqualTo("tiny-upscaler");
        assertThat(used.getNumInferenceSteps()).isEqualTo(6); // generation_defaults.json
        assertThat(used.getGuidanceScale()).isEqualTo(1f);
        assertThat(used.getNoiseLevel()).isEqualTo(10);
        assertThat(used.getScheduler()).isEqualTo("ddim");
        assertThat(used.hasSeed()).isTrue();
        assertThat(upscaled.events().getLast().getCompleted().getFingerprint().getModelDigest())
                .matches("[0-9a-f]{64}");
        assertThat(service.upscale(request(png(16, 16))).used().getSeed()).isNotEqualTo(used.getSeed());
    }

    @Test
    void upscale_everyParameter_changesThePicture() {
        RgbImage base = service.upscale(request(settings().setPrompt("the fox")))
                .picture()
                .image();
        for (UpscaleParameters.Builder changed : List.of(
                settings().setPrompt("the snow"),
                settings().setPrompt("the fox").setNumInferenceSteps(4),
                settings().setPrompt("the fox").setGuidanceScale(2),
                settings().setPrompt("the fox").setNoiseLevel(0),
                settings().setPrompt("the fox").setScheduler("euler"),
                settings().setPrompt("the fox").setScheduler("ddpm"),
                settings().setPrompt("the fox").setSeed(8))) {
            assertThat(service.upscale(request(changed)).picture().image())
                    .as("%s", changed)
                    .isNotEqualTo(base);
        }
    }

    @Test
    void upscale_sameSeed_givesTheSameBytesAloneAndBesideOthers() throws Exception {
        ByteString alone = service.upscale(request(settings())).png();
        Map<String, Object> properties = Map.of(
                "darkroom.text2image.models",
                TestingService.withUpscaler().get("darkroom.text2image.models"),
                "darkroom.admission.running",
                4);
        try (TestingService parallel = new TestingService(TestingService.TINY, properties);
                ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<ByteString>> together = IntStream.range(0, 8)
                    .mapToObj(i -> callers.submit(() -> parallel.upscale(
                                    request(settings().setSeed(i % 2 == 0 ? 7 : i)))
                            .png()))
                    .toList();
            for (int i = 0; i < 8; i += 2) {
                assertThat(together.get(i).get()).isEqualTo(alone);
            }
            assertThat(together.get(1).get()).isNotEqualTo(alone);
        }
    }

    @Test
    void upscale_darkroomPng_keepsWhatItSaysAndAddsTheUpscaling() throws IOException {
        byte[] base = service.generate(parameters("a fox")).picture();
        Upscaled once = service.upscale(request(settings().setPrompt("the cat"), base));
        JsonNode before = JSON.readTree(PngReader.parametersJson(base));
        JsonNode after = JSON.readTree(once.picture().parametersJson());

        before.properties().forEach(said -> assertThat(after.get(said.getKey())).isEqualTo(said.getValue()));
        assertThat(after.size()).isEqualTo(before.size() + 1);
        JsonNode upscale = after.get("upscale");
        assertThat(upscale.path("model").asText()).isEqualTo("tiny-upscaler");
        assertThat(upscale.path("prompt").asText()).isEqualTo("the cat");
        assertThat(upscale.path("seed").asLong()).isEqualTo(7);
        assertThat(upscale.path("noise_level").asInt()).isEqualTo(10);
        assertThat(upscale.path("width").asInt()).isEqualTo(128);
        assertThat(upscale.path("fingerprint").path("model_digest").asText())
                .isEqualTo(
                        once.events().getLast().getCompleted().getFingerprint().getModelDigest());

        JsonNode twice =
                JSON.readTree(service.upscale(request(settings(), once.png().toByteArray()))
                        .picture()
                        .parametersJson());
        assertThat(twice.get("prompt")).isEqualTo(before.get("prompt"));
        assertThat(twice.path("upscale").path("width").asInt()).isEqualTo(512);
        assertThat(twice.path("upscale").get("upscale")).isEqualTo(upscale);
    }

    @Test
    void upscale_otherPicture_saysOnlyHowItWasEnlarged() throws IOException {
        BufferedImage drawn = new BufferedImage(20, 20, BufferedImage.TYPE_INT_RGB);
        drawn.setRGB(3, 3, 0xff8800);
        ByteArrayOutputStream jpeg = new ByteArrayOutputStream();
        ImageIO.write(drawn, "jpeg", jpeg);
        byte[] foreign = PngWriter.encode(picture(20, 20), "not the JSON of a Darkroom picture");
        for (byte[] file : List.of(jpeg.toByteArray(), foreign)) {
            Upscaled upscaled = service.upscale(request(settings(), file));
            JsonNode json = JSON.readTree(upscaled.picture().parametersJson());
            assertThat(json.properties()).extracting(Map.Entry::getKey).containsExactly("upscale");
        }
    }

    @Test
    void upscale_transparentPicture_warns() throws IOException {
        BufferedImage drawn = new BufferedImage(16, 16, BufferedImage.TYPE_INT_ARGB);
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(drawn, "png", png);

        assertThat(service.upscale(request(settings(), png.toByteArray())).of(EventCase.WARNING))
                .extracting(event -> event.getWarning().getReason())
                .containsExactly("ALPHA_DROPPED");
    }

    @Test
    void upscale_promptBeyondTheWindow_warnsWithTheWordsNotSeen() {
        UpscaleParameters.Builder wordy =
                settings().setPrompt("the fox the cat the fox the cat the fox the cat the fox the snow ends");

        assertThat(service.upscale(request(wordy)).of(EventCase.WARNING))
                .singleElement()
                .satisfies(event -> assertThat(event.getWarning().getMessage()).endsWith("Not seen: the snow ends"));
    }

    @Test
    void upscale_manyBadFields_namesAllOfThemWithLimits() {
        ErrorDetails error = failure(request(
                UpscaleParameters.newBuilder()
                        .setPrompt("a\0b")
                        .setNumInferenceSteps(1001)
                        .setGuidanceScale(Float.NaN)
                        .setNoiseLevel(61)
                        .setScheduler("plms"),
                png(513, 8)));

        assertThat(error.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(error.violations())
                .extracting(Violation::field)
                .containsExactlyInAnyOrder(
                        "parameters.prompt",
                        "parameters.num_inference_steps",
                        "parameters.guidance_scale",
                        "parameters.noise_level",
                        "parameters.scheduler",
                        "image");
        assertThat(error.violations())
                .extracting(Violation::description)
                .anySatisfy(text -> assertThat(text).contains("0 to 60").contains("61"))
                .anySatisfy(text -> assertThat(text).contains("8 to 512 pixels").contains("513 x 8"));
    }

    @Test
    void upscale_noPicture_isRefused() {
        for (byte[] image : List.of(new byte[0], new byte[100], new byte[(16 << 20) + 1])) {
            assertThat(failure(request(settings(), image)).violations())
                    .extracting(Violation::field)
                    .containsExactly("image");
        }
    }

    @Test
    void upscale_largestRequest_isServedWithoutItsOverlongText() throws IOException {
        int largest = 16 << 20;
        int rest = PngWriter.encode(picture(16, 16), "x").length - 1;
        byte[] padded = PngWriter.encode(picture(16, 16), "\"" + "x".repeat(largest - rest - 2) + "\"");
        assertThat(padded).hasSize(largest);
        UpscaleParameters.Builder wordy = settings().setPrompt("🦊".repeat(2000));

        JsonNode json =
                JSON.readTree(service.upscale(request(wordy, padded)).picture().parametersJson());
        assertThat(json.properties()).extracting(Map.Entry::getKey).containsExactly("upscale");
    }

    @Test
    void upscale_unknownModel_isNotFoundNamingTheKnownOnes() {
        ErrorDetails error = failure(request(settings().setModel("per-row")));
        assertThat(error.code()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(error.reason()).isEqualTo("MODEL_UNKNOWN");
        assertThat(error.message()).isEqualTo("No upscaler is called per-row; known: tiny-upscaler");
    }

    @Test
    void upscale_noUpscalerLoaded_isNotFoundPlainly() {
        try (TestingService plain = TestingService.tiny("per-row")) {
            ErrorDetails error = ErrorDetails.of(catchThrowable(() -> plain.upscale(request(settings()))));
            assertThat(error.code()).isEqualTo(Status.Code.NOT_FOUND);
            assertThat(error.reason()).isEqualTo("MODEL_UNKNOWN");
            assertThat(error.message()).isEqualTo("There is no upscaler here");
        }
    }

    @Test
    void upscale_callerGoesAway_frees() {
        Context.CancellableContext caller = Context.current().withCancellation();
        Context previous = caller.attach();
        try {
            Iterator<UpscaleResponse> events =
                    service.patientStub().upscale(request(settings().setNumInferenceSteps(1000), png(256, 256)));
            while (!events.next().hasStepCompleted()) {}
        } finally {
            caller.detach(previous);
        }
        assertThat(service.bean(Admission.class).running()).isEqualTo(1);
        caller.cancel(null);

        while (service.bean(Admission.class).running() > 0) {
            Thread.onSpinWait();
        }
        assertThat(service.upscale(request(settings())).png().isEmpty()).isFalse();
        assertThat(LiveHandles.count()).isEqualTo(6);
    }

    @Test
    void listModels_upscaler_isBesideTheModels() {
        ListModelsResponse models = service.stub().listModels(ListModelsRequest.getDefaultInstance());
        UpscaleModel upscaler = models.getUpscalers(0);

        assertThat(models.getModelsList()).hasSize(1);
        assertThat(models.getModels(0).getDefaultUpscaleFactor()).isEqualTo(1);
        assertThat(upscaler.getName()).isEqualTo("tiny-upscaler");
        assertThat(upscaler.getPipeline()).isEqualTo("StableDiffusionUpscalePipeline");
        assertThat(upscaler.getLicense()).isEqualTo("apache-2.0");
        assertThat(upscaler.getScaleFactor()).isEqualTo(4);
        assertThat(upscaler.getDefaults().getNumInferenceSteps()).isEqualTo(6);
        assertThat(upscaler.getDefaults().getNoiseLevel()).isEqualTo(10);
        assertThat(upscaler.getDefaults().getPrompt()).isEmpty();
        assertThat(upscaler.getDefaults().hasSeed()).isFalse();
        assertThat(upscaler.getLimits().getMinSize()).isEqualTo(8);
        assertThat(upscaler.getLimits().getMaxSize()).isEqualTo(512);
        assertThat(upscaler.getLimits().getMaxNoiseLevel()).isEqualTo(60);
        assertThat(upscaler.getLimits().getMaxImageBytes()).isEqualTo(16 << 20);
        assertThat(upscaler.getSchedulersList())
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
        assertThat(upscaler.getFingerprint().getModelDigest()).matches("[0-9a-f]{64}");
    }

    @Test
    void models_folderOfFolders_areFoundByKind(@TempDir Path root) throws IOException {
        copy(TestingService.TINY.resolve("per-row"), root.resolve("drawer"));
        copy(TestingService.UPSCALER, root.resolve("enlarger"));
        Files.createDirectories(root.resolve("other"));
        Files.writeString(root.resolve("other/model_index.json"), "{\"_class_name\": \"FluxPipeline\"}");
        Files.writeString(root.resolve("drawer/generation_defaults.json"), "{\"upscale_factor\": 4}");
        try (TestingService found = new TestingService(root, Map.of("darkroom.text2image.max-upscale-size", 64))) {
            ListModelsResponse models = found.stub().listModels(ListModelsRequest.getDefaultInstance());

            assertThat(models.getModelsList())
                    .singleElement()
                    .satisfies(model -> assertThat(model.getName()).isEqualTo("drawer"))
                    .satisfies(
                            model -> assertThat(model.getDefaultUpscaleFactor()).isEqualTo(4));
            assertThat(models.getUpscalersList())
                    .singleElement()
                    .satisfies(model -> assertThat(model.getName()).isEqualTo("enlarger"))
                    .satisfies(
                            model -> assertThat(model.getLimits().getMaxSize()).isEqualTo(64));
        }
    }

    private static void copy(Path source, Path target) throws IOException {
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(source.relativize(file).toString()));
            }
        }
    }

    private static ErrorDetails failure(UpscaleRequest request) {
        return ErrorDetails.of(catchThrowable(() -> service.upscale(request)));
    }

    private static UpscaleParameters.Builder settings() {
        return UpscaleParameters.newBuilder().setSeed(7).setNumInferenceSteps(3);
    }

    private static UpscaleRequest request(byte[] image) {
        return request(UpscaleParameters.newBuilder(), image);
    }

    private static UpscaleRequest request(UpscaleParameters.Builder parameters) {
        return request(parameters, png(24, 20));
    }

    private static UpscaleRequest request(UpscaleParameters.Builder parameters, byte[] image) {
        return UpscaleRequest.newBuilder()
                .setParameters(parameters)
                .setImage(ByteString.copyFrom(image))
                .build();
    }

    private static byte[] png(int width, int height) {
        return PngWriter.encode(picture(width, height), "");
    }

    private static RgbImage picture(int width, int height) {
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i * 7 + i / 60 * 13);
        }
        return RgbImage.of(width, height, rgb);
    }
}
