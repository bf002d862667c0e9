// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.darkroom.text2video.v1.VideoContainer;
import dev.darkroom.text2video.v1.VideoParameters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command as a user types it, against a gateway that answers at once. */
final class VideoCommandTest {
    @TempDir
    private Path folder;

    private TestingGateway gateway;

    @BeforeEach
    void start() throws IOException {
        gateway = new TestingGateway();
    }

    @AfterEach
    void stop() {
        gateway.close();
    }

    private Run video(String... options) {
        return Run.of(Stream.concat(
                        Stream.of("video", "a rocket flying up in space", "--server", gateway.address()),
                        Stream.of(options))
                .toArray(String[]::new));
    }

    private VideoParameters asked() {
        return gateway.videos.element().getParameters();
    }

    @Test
    void video_fileName_writesTheClipAndSaysHowItWasMade() throws IOException {
        Path rocket = folder.resolve("rocket.mp4");

        Run run = video("-o", rocket.toString(), "--seed", "7", "--steps", "9", "--guidance", "2");

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(Files.readAllBytes(rocket)).isEqualTo(TestingGateway.CLIP.toByteArray());
        assertThat(run.out())
                .contains("rocket.mp4  256x256  46 frames at 24 per second, 1.92 s  seed 7")
                .contains("mover, ddim, 15 steps")
                .contains("enlarged 4 times by plainer; 5 frames checked")
                .contains("base frames 0.81 s, enlarge 1.50 s");
        assertThat(asked().getNumInferenceSteps()).isEqualTo(9);
        assertThat(asked().hasSpatialFactor() || asked().hasTemporalFactor()).isFalse();
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(rocket);
        }
    }

    @ParameterizedTest
    @CsvSource({"x.mp4, MP4", "x.webm, WEBM", "x.gif, GIF", "x.WEBP, WEBP", "x.zip, PNG_ZIP"})
    void video_ending_decidesTheContainer(String name, String container) {
        assertThat(video("-o", folder.resolve(name).toString()).exitCode()).isZero();
        assertThat(asked().getContainer()).isEqualTo(VideoContainer.valueOf("VIDEO_CONTAINER_" + container));
    }

    @Test
    void video_folderAndGif_isNamedAfterPromptAndSeed() {
        Run run = video("-o", folder + "/", "--gif");

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(folder.resolve("a-rocket-flying-up-in-space-7.gif")).exists();
    }

    @Test
    void video_secondsAndStages_becomeFramesAndFactors() {
        String file = folder.resolve("x.mp4").toString();

        assertThat(video("-o", file, "--seconds", "5", "--no-upscale", "--no-interpolate")
                        .exitCode())
                .isZero();
        assertThat(asked().getNumFrames()).isEqualTo(40);
        assertThat(asked().getSpatialFactor()).isEqualTo(1);
        assertThat(asked().getTemporalFactor()).isEqualTo(1);
    }

    @Test
    void video_heldBack_writesNothingAndSaysWhy() throws IOException {
        gateway.blocked = Set.of(0);

        Run run = video("-o", folder.resolve("x.mp4").toString());

        assertThat(run.exitCode()).isEqualTo(Failures.HELD_BACK);
        assertThat(run.out()).contains("held back: weapons");
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void video_json_printsOneObject() throws IOException {
        Run run = video("-o", folder.resolve("x.mp4").toString(), "--json");

        JsonNode report = new ObjectMapper().readTree(run.out());
        assertThat(report.at("/clip/file").asText()).endsWith("x.mp4");
        assertThat(report.at("/clip/video/numFrames").asInt()).isEqualTo(46);
        assertThat(report.at("/completed/parameters/model").asText()).isEqualTo("mover");
    }

    @ParameterizedTest
    @CsvSource({"x.avi, end the name in one of .mp4", "x, end the name in one of .mp4"})
    void video_unknownEnding_isRefused(String name, String message) {
        Run run = video("-o", folder.resolve(name).toString());

        assertThat(run.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(run.err()).contains(message);
        assertThat(gateway.videos).isEmpty();
    }
}
