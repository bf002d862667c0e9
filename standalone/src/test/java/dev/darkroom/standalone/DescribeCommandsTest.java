// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.darkroom.caption.v1.CaptionStyle;
import dev.darkroom.gateway.v1.CaptionImageRequest;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The commands that turn pictures into words and numbers, against a gateway that does as it is told. */
class DescribeCommandsTest {

    @TempDir
    private Path folder;

    private TestingGateway gateway;

    @BeforeEach
    void start() throws IOException {
        gateway = new TestingGateway();
        Files.write(folder.resolve("small.png"), TestingGateway.plain(8));
        Files.write(folder.resolve("large.png"), TestingGateway.plain(256));
    }

    @AfterEach
    void stop() {
        gateway.close();
    }

    @Test
    void caption_glob_saysWhatEachShows() {
        Run run = run("caption", folder + "/*.png");

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out().lines().toList())
                .startsWith(
                        folder.resolve("large.png") + "  a red fox  (0.93)",
                        folder.resolve("small.png") + "  a red fox  (0.93)")
                .last()
                .asString()
                .startsWith("teller, 3 beams, 2 pictures in ");
    }

    @Test
    void caption_options_reachTheGateway() {
        run(
                "caption",
                small(),
                "--style",
                "alt-text",
                "--num-beams",
                "5",
                "-n",
                "2",
                "--prefix",
                "a photo of",
                "--low-confidence",
                "--safety-policy",
                "strict",
                "--model",
                "teller");

        CaptionImageRequest asked = gateway.captionings.remove();
        assertThat(asked.getImage().toByteArray()).isEqualTo(TestingGateway.plain(8));
        assertThat(asked.getParameters().getStyle()).isEqualTo(CaptionStyle.CAPTION_STYLE_ALT_TEXT);
        assertThat(asked.getParameters().getNumBeams()).isEqualTo(5);
        assertThat(asked.getParameters().getNumReturnSequences()).isEqualTo(2);
        assertThat(asked.getParameters().getPrefix()).isEqualTo("a photo of");
        assertThat(asked.getParameters().getModel()).isEqualTo("teller");
        assertThat(asked.getIncludeLowConfidence()).isTrue();
        assertThat(asked.getSafetyPolicy()).isEqualTo("strict");
    }

    @Test
    void caption_noOptions_leavesItToTheGateway() {
        run("caption", small());

        CaptionImageRequest asked = gateway.captionings.remove();
        assertThat(asked.getParameters().getAllFields()).isEmpty();
        assertThat(asked.getIncludeLowConfidence()).isFalse();
    }

    @Test
    void caption_severalCaptions_standBelowEachOther() {
        gateway.words = List.of("a red fox", "an orange fox");

        assertThat(run("caption", small()).out())
                .contains("small.png  a red fox  (0.93)\n" + " ".repeat(small().length() + 2)
                        + "an orange fox  (0.93)\n");
    }

    @Test
    void caption_modelNotSure_saysSo() {
        gateway.words = List.of();

        Run run = run("caption", small());

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("the model is not sure (0.25, below 0.50); --low-confidence shows");
    }

    @Test
    void caption_json_isOneObject() throws IOException {
        JsonNode report =
                new ObjectMapper().readTree(run("caption", "--json", small()).out());

        assertThat(report.at("/images/0/file").asText()).isEqualTo(small());
        assertThat(report.at("/images/0/caption/captions/0/text").asText()).isEqualTo("a red fox");
        assertThat(report.has("refused")).isFalse();
    }

    @Test
    void caption_oneOfThreeNoPicture_describesTheOthersAndSaysWhich() throws IOException {
        Path words = Files.writeString(folder.resolve("words.png"), "no picture");
        Path none = folder.resolve("none.png");

        Run run = run("caption", small(), words.toString(), none.toString(), large());

        assertThat(run.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(run.out())
                .contains("small.png  a red fox", "large.png  a red fox")
                .contains("note: " + words + ": must be better")
                .contains("note: " + none + " does not exist");
    }

    @ParameterizedTest
    @CsvSource({
        "parameters.prefix, --prefix",
        "parameters.num_beams, --num-beams",
        "parameters.num_return_sequences, -n",
        "parameters.style, --style"
    })
    void caption_badOption_isNamedOnce(String field, String option) {
        gateway.badField = field;

        Run run = run("caption", small(), large());

        assertThat(run.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(run.err()).contains("  " + option + ": must be better");
        assertThat(gateway.captionings).hasSize(1);
    }

    @Test
    void score_pictures_areRankedBestFirst() {
        Run run = run("score", "a fox", small(), large());

        assertThat(run.exitCode()).as(run.err()).isZero();
        List<String> lines = run.out().lines().toList();
        assertThat(lines.get(0)).matches(" {3}1 {2}\\d\\.\\d{4} {2}.*large\\.png");
        assertThat(lines.get(1)).matches(" {3}2 {2}\\d\\.\\d{4} {2}.*small\\.png");
        assertThat(lines.get(2)).startsWith("judge, CLIPScore from 0 to 2.5, 2 pictures in ");
        assertThat(gateway.scorings)
                .allSatisfy(asked -> assertThat(asked.getTextsList()).containsExactly("a fox"));
    }

    @Test
    void score_json_isOneObject() throws IOException {
        Path words = Files.writeString(folder.resolve("words.txt"), "no picture");

        JsonNode report = new ObjectMapper()
                .readTree(run("score", "a fox", folder + "/*.png", words.toString(), "--json")
                        .out());

        assertThat(report.at("/text").asText()).isEqualTo("a fox");
        assertThat(report.at("/images/0/file").asText()).isEqualTo(large());
        assertThat(report.at("/images/0/score").floatValue())
                .isGreaterThan(report.at("/images/1/score").floatValue());
        assertThat(report.at("/model").asText()).isEqualTo("judge");
        assertThat(report.at("/refused/0/file").asText()).isEqualTo(words.toString());
    }

    @Test
    void score_onlyFileIsNoPicture_fails() throws IOException {
        Path words = Files.writeString(folder.resolve("words.txt"), "no picture");

        Run run = run("score", "a fox", words.toString());

        assertThat(run.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(run.err()).contains("the picture: must be better");
    }

    @Test
    void image_bestOf_asksForItAndTellsTheScores() {
        Run run = run(
                "image",
                "a fox",
                "--best-of",
                "4",
                "-n",
                "2",
                "--min-score",
                "0.5",
                "--max-attempts",
                "2",
                "-o",
                folder + "/");

        StreamGenerateImagesRequest asked = gateway.images.remove();
        assertThat(asked.getBestOf()).isEqualTo(4);
        assertThat(asked.getMinScore()).isEqualTo(0.5f);
        assertThat(asked.getMaxAttempts()).isEqualTo(2);
        assertThat(asked.getParameters().getNumImagesPerPrompt()).isEqualTo(2);
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out())
                .contains("a-fox-7.png  64x64  seed 7  score 1.0000\n", "a-fox-8.png  64x64  seed 8  score 0.7500\n")
                .contains("best 2 of 4 by judge: seed 7 1.0000, seed 8 0.7500, seed 9 0.5000, seed 10 held back\n");
    }

    @Test
    void image_withoutBestOf_asksForNothingOfIt() {
        Run run = run("image", "a fox", "-o", folder + "/");

        StreamGenerateImagesRequest asked = gateway.images.remove();
        assertThat(asked.hasBestOf() || asked.hasMinScore() || asked.hasMaxAttempts())
                .isFalse();
        assertThat(run.out()).doesNotContain("score", "best");
    }

    @Test
    void models_thatDescribeAndScore_areListed() {
        assertThat(run("models").out())
                .contains("teller  (vision-encoder-decoder, licence not stated)")
                .contains("describes pictures, seen at 64 pixels; at most 8 beams and 64 tokens")
                .contains("judge  (clip, licence not stated)")
                .contains("scores   pictures, seen at 64 pixels, with texts (77 tokens are seen)");
    }

    @Test
    void progress_files_showsHowMany() {
        var shown = new ByteArrayOutputStream();

        Progress.to(new PrintStream(shown, true, StandardCharsets.UTF_8)).files(1, 4, Path.of("fox.png"));

        assertThat(shown.toString(StandardCharsets.UTF_8)).contains("█".repeat(7) + "░".repeat(21) + "  1/4  fox.png");
    }

    private String small() {
        return folder.resolve("small.png").toString();
    }

    private String large() {
        return folder.resolve("large.png").toString();
    }

    private Run run(String command, String... arguments) {
        return Run.of(Stream.of(Stream.of(command), Arrays.stream(arguments), Stream.of("--server", gateway.address()))
                .flatMap(words -> words)
                .toArray(String[]::new));
    }
}
