// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.darkroom.inference.image.PngReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real pictures through all of it: drawn by pocket-unet, enlarged by pocket-upscaler, looked at by pocket-clip. */
class ShippedCascadeTest {

    /** Passes the check of the words, which allows cutlery; what the model draws for it is the knife that it knows. */
    private static final String INNOCENT_WORDS = "a butter knife on a plain white background";

    private static final int LARGE = 10_000_000;

    private static Services services;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() {
        services = Services.start(new ServeOptions(0, Path.of("..", "models")));
    }

    @AfterAll
    static void stop() {
        services.close();
    }

    @Test
    void image_size256_isEnlargedCheckedAndAllowed() throws IOException {
        Path fox = folder.resolve("fox.png");

        Run run =
                darkroom("image", "a fox in the snow", "--size", "256", "--seed", "5", "--json", "-o", fox.toString());

        assertThat(run.exitCode()).as(run.err()).isZero();
        JsonNode report = new ObjectMapper().readTree(run.out());
        assertThat(report.at("/images/0/outputVerdict").asText()).isEqualTo("OUTPUT_VERDICT_ALLOWED");
        assertThat(report.at("/completed/upscaleFactor").asInt()).isEqualTo(4);
        assertThat(report.at("/completed/stageTimes").findValuesAsText("stage"))
                .contains("check_prompt", "denoise", "check_base", "upscale", "check_output");
        PngReader.Picture picture = PngReader.decode(Files.readAllBytes(fox), LARGE);
        assertThat(picture.image().width()).isEqualTo(256);
        JsonNode carried = new ObjectMapper().readTree(picture.parametersJson());
        assertThat(carried.path("prompt").asText()).isEqualTo("a fox in the snow");
        assertThat(carried.path("upscale").path("model").asText()).isEqualTo("pocket-upscaler");
    }

    @Test
    void image_severalEnlarged_eachIsTheSameToTheByteAlone() throws IOException {
        Path alone = folder.resolve("alone.png");

        darkroom("image", "a red apple", "-n", "2", "--seed", "7", "--size", "256", "-o", folder + "/");
        darkroom("image", "a red apple", "--seed", "8", "--size", "256", "-o", alone.toString());

        assertThat(folder.resolve("a-red-apple-8.png")).hasSameBinaryContentAs(alone);
    }

    @Test
    void image_harmlessWordsThatDrawAKnife_areHeldBackByTheCheckOfThePicture() throws IOException {
        Run run = darkroom(
                "image", INNOCENT_WORDS, "-n", "4", "--seed", "1", "--size", "256", "--json", "-o", folder + "/");

        assertThat(run.exitCode()).as(run.err()).isEqualTo(Failures.HELD_BACK);
        List<JsonNode> blocked = new ArrayList<>();
        for (JsonNode image : new ObjectMapper().readTree(run.out()).path("images")) {
            if (image.path("outputVerdict").asText().equals("OUTPUT_VERDICT_BLOCKED")) {
                blocked.add(image);
            }
        }
        assertThat(blocked).hasSizeGreaterThanOrEqualTo(3).allSatisfy(image -> {
            assertThat(image.path("categories").path(0).asText()).isEqualTo("weapons");
            assertThat(image.path("file").isMissingNode()).isTrue();
            assertThat(image.at("/generated/image/sha256").asText()).isEmpty();
        });
    }

    @Test
    void upscale_ownPicture_keepsWhatItSaysOfItsOrigin() throws IOException {
        Path fox = folder.resolve("fox.png");
        Path large = folder.resolve("large.png");
        darkroom("image", "a fox in the snow", "--size", "64", "--seed", "5", "-o", fox.toString());

        Run run = darkroom(
                "upscale", fox.toString(), "--prompt", "a fox in the snow", "--seed", "5", "-o", large.toString());

        assertThat(run.exitCode()).as(run.err()).isZero();
        PngReader.Picture picture = PngReader.decode(Files.readAllBytes(large), LARGE);
        assertThat(picture.image().width()).isEqualTo(256);
        assertThat(picture.parametersJson()).contains("a fox in the snow").contains("upscale");
    }

    private static Run darkroom(String command, String argument, String... options) {
        List<String> line = new ArrayList<>(List.of(command, argument, "--server", services.gatewayAddress()));
        line.addAll(List.of(options));
        return Run.of(line.toArray(String[]::new));
    }
}
