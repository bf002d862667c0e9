// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.protobuf.ByteString;
import dev.darkroom.inference.image.PngReader;
import dev.darkroom.inference.image.PngWriter;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.rpc.Violation;
import dev.darkroom.text2image.TestingService.Generated;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.GenerateResponse.EventCase;
import dev.darkroom.text2image.v1.GenerationCompleted;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.ListModelsRequest;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pictures from pictures, refiners and the options of the families, through the real stub. */
@Timeout(120)
final class ImageToImageServiceTest {
    private static TestingService service;

    @BeforeAll
    static void start(@TempDir Path models) throws IOException {
        for (String family : List.of("stable-diffusion", "sdxl", "sdxl-refiner")) {
            RecordedFamily.unpack(family, models);
        }
        Path plain = models.resolve("without-encoder");
        RecordedFamily.extract("stable-diffusion", "folder/", plain);
        Files.delete(plain.resolve("vae/encoder_model.onnx"));
        service = new TestingService(models, Map.of());
    }

    @AfterAll
    static void stop() {
        service.close();
    }

    private static GenerateRequest.Builder request(ImageParameters.Builder parameters) {
        return GenerateRequest.newBuilder().setParameters(parameters);
    }

    private static ImageParameters.Builder parameters(String model) {
        return TestingService.parameters("the fox").setModel(model).setNumInferenceSteps(4);
    }

    private static ByteString picture(int width, int height) {
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i * 7);
        }
        return ByteString.copyFrom(PngWriter.encode(RgbImage.of(width, height, rgb), ""));
    }

    @Test
    void generate_fromAPicture_takesItsSizeRoundedDownAndSaysSo() throws IOException {
        Generated generated =
                service.generate(request(parameters("stable-diffusion").setStrength(0.5))
                        .setImage(picture(39, 25))
                        .build());

        ImageParameters used = generated.events().getLast().getCompleted().getParameters();
        assertThat(used.getWidth()).isEqualTo(36);
        assertThat(used.getHeight()).isEqualTo(24);
        assertThat(used.getStrength()).isEqualTo(0.5);
        assertThat(generated
                        .of(EventCase.STEP_COMPLETED)
                        .getLast()
                        .getStepCompleted()
                        .getNumInferenceSteps())
                .isEqualTo(2);
        PngReader.Picture drawn = PngReader.decode(generated.picture(), 1 << 20);
        assertThat(drawn.image().width()).isEqualTo(36);
        JsonNode json = new JsonMapper().readTree(drawn.parametersJson());
        assertThat(json.path("strength").asDouble()).isEqualTo(0.5);
        assertThat(json.path("image_sha256").asText()).hasSize(64);
    }

    @Test
    void generate_fromAPicture_dependsOnItAndOnTheSeedAlone() {
        GenerateRequest request = request(
                        parameters("stable-diffusion").setStrength(0.5).setNumImagesPerPrompt(2))
                .setImage(picture(16, 16))
                .build();
        Generated first = service.generate(request);
        Generated second = service.generate(request.toBuilder()
                .setParameters(request.getParameters().toBuilder().setSeed(8).setNumImagesPerPrompt(1))
                .build());
        assertThat(second.picture()).isEqualTo(first.pictures().get(1));
        Generated other =
                service.generate(request.toBuilder().setImage(picture(20, 16)).build());
        assertThat(other.picture()).isNotEqualTo(first.picture());
    }

    @Test
    void generate_refined_namesBothModels() {
        GenerationCompleted completed = service.generate(
                        request(parameters("sdxl").setRefiner("sdxl-refiner")).build())
                .events()
                .getLast()
                .getCompleted();
        assertThat(completed.getParameters().getRefiner()).isEqualTo("sdxl-refiner");
        assertThat(completed.getParameters().getRefinerStart()).isEqualTo(0.8);
        assertThat(completed.getRefinerFingerprint().getModelDigest())
                .hasSize(64)
                .isNotEqualTo(completed.getFingerprint().getModelDigest());
    }

    @Test
    void generate_badOptions_areAllNamed() {
        assertThat(violations(request(parameters("stable-diffusion")
                        .setClipSkip(4)
                        .setGuidanceStart(0.6)
                        .setGuidanceEnd(0.5)
                        .setStrength(0.5)
                        .setRefinerStart(0.5))))
                .containsExactlyInAnyOrder(
                        "parameters.clip_skip",
                        "parameters.guidance_end",
                        "parameters.strength",
                        "parameters.refiner_start");
        assertThat(violations(
                        request(parameters("stable-diffusion").setStrength(1.5)).setImage(picture(16, 16))))
                .containsExactly("parameters.strength");
        assertThat(violations(
                        request(parameters("stable-diffusion").setStrength(0.1)).setImage(picture(16, 16))))
                .containsExactly("parameters.strength");
        assertThat(violations(request(parameters("stable-diffusion").setRefiner("sdxl-refiner"))))
                .containsExactly("parameters.refiner");
        assertThat(violations(request(parameters("stable-diffusion")).setImage(ByteString.copyFromUtf8("no picture"))))
                .containsExactly("image");
        assertThat(violations(request(parameters("without-encoder")).setImage(picture(16, 16))))
                .containsExactly("image");
        assertThat(violations(request(parameters("sdxl-refiner")))).containsExactly("image");
    }

    @Test
    void generate_sizesToldToSdxl_decideThePictureAndAreToldBack() throws IOException {
        Generated plain = service.generate(parameters("sdxl"));
        ImageParameters defaults = plain.events().getLast().getCompleted().getParameters();
        assertThat(defaults.getOriginalHeight()).isEqualTo(defaults.getHeight());
        assertThat(defaults.getTargetWidth()).isEqualTo(defaults.getWidth());
        assertThat(defaults.hasCropTop()).isTrue();

        Generated cropped = service.generate(parameters("sdxl").setCropLeft(40));
        assertThat(cropped.picture()).isNotEqualTo(plain.picture());
        JsonNode json = new JsonMapper()
                .readTree(PngReader.decode(cropped.picture(), 1 << 20).parametersJson());
        assertThat(json.path("crop_left").asInt()).isEqualTo(40);
        assertThat(json.path("original_width").asInt()).isEqualTo(defaults.getWidth());
    }

    @Test
    void generate_sizesBeyondTheLimitsOrToAnotherModel_areNamed() {
        assertThat(violations(request(
                        parameters("sdxl").setOriginalHeight(0).setCropTop(-1).setTargetWidth(16_385))))
                .containsExactlyInAnyOrder(
                        "parameters.original_height", "parameters.crop_top", "parameters.target_width");
        assertThat(violations(request(
                        parameters("stable-diffusion").setOriginalHeight(64).setCropLeft(0))))
                .containsExactlyInAnyOrder("parameters.original_height", "parameters.crop_left");
    }

    private static List<String> violations(GenerateRequest.Builder request) {
        Throwable thrown = catchThrowable(() -> service.generate(request.build()));
        assertThat(Status.fromThrowable(thrown).getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        return ErrorDetails.of(thrown).violations().stream()
                .map(Violation::field)
                .toList();
    }

    @Test
    void generate_unknownRefiner_isNotFound() {
        Throwable thrown = catchThrowable(() ->
                service.generate(request(parameters("sdxl").setRefiner("sdxl")).build()));
        assertThat(Status.fromThrowable(thrown).getCode()).isEqualTo(Status.Code.NOT_FOUND);
    }

    @Test
    void listModels_tellsWhatEachFamilyCanDo() {
        assertThat(listed("stable-diffusion").getLimits().getMaxClipSkip()).isEqualTo(3);
        assertThat(listed("sdxl").getLimits().getMaxClipSkip()).isEqualTo(2);
        assertThat(listed("sdxl").getDefaults().getGuidanceScale()).isEqualTo(5);
        assertThat(listed("sdxl-refiner").getRequiresImage()).isTrue();
        assertThat(listed("without-encoder").getLimits().getMaxImageBytes()).isZero();
        assertThat(listed("stable-diffusion").getLimits().getMaxImageBytes()).isEqualTo(16 << 20);
    }

    private static ImageModel listed(String name) {
        return service.stub().listModels(ListModelsRequest.getDefaultInstance()).getModelsList().stream()
                .filter(model -> model.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
