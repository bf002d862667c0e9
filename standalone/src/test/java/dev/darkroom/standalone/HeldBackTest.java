// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.gateway.v1.StreamUpscaleImageRequest;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The commands against a gateway that enlarges, checks and holds back as it is told. */
class HeldBackTest {

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

    @Test
    void image_oneOfThreeHeldBack_writesTheOthersAndSaysSo() throws IOException {
        gateway.blocked = Set.of(1);

        Run run = image("-n", "3", "--size", "256", "-o", folder + "/");

        assertThat(run.exitCode()).isEqualTo(Failures.HELD_BACK);
        assertThat(run.out())
                .contains("note: Picture 2 is held back.")
                .contains("a-fox-7.png  256x256  seed 7")
                .contains("held back: weapons  seed 8")
                .contains("a-fox-9.png  256x256  seed 9");
        assertThat(folder.resolve("a-fox-7.png")).exists();
        assertThat(folder.resolve("a-fox-8.png")).doesNotExist();
        BufferedImage sheet = ImageIO.read(folder.resolve("a-fox-sheet.png").toFile());
        assertThat(sheet.getWidth()).isEqualTo(4 * 4 + 3 * 256);
    }

    @Test
    void image_allHeldBack_writesNothing() throws IOException {
        gateway.blocked = Set.of(0, 1);

        Run run = image("-n", "2", "-o", folder + "/");

        assertThat(run.exitCode()).isEqualTo(Failures.HELD_BACK);
        try (var files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void image_heldBackAsJson_hasNoFile() throws IOException {
        gateway.blocked = Set.of(0);

        Run run = image("--json", "-n", "2", "-o", folder + "/");

        JsonNode report = new ObjectMapper().readTree(run.out());
        assertThat(report.at("/images/0/outputVerdict").asText()).isEqualTo("OUTPUT_VERDICT_BLOCKED");
        assertThat(report.at("/images/0/categories/0").asText()).isEqualTo("weapons");
        assertThat(report.at("/images/0/file").isMissingNode()).isTrue();
        assertThat(report.at("/images/1/file").asText()).endsWith("a-fox-8.png");
    }

    @Test
    void image_done_tellsWhatItTook() {
        Run run = image("--size", "1024", "-o", folder.resolve("fox.png").toString());

        assertThat(run.exitCode()).isZero();
        assertThat(run.out())
                .contains("fox.png  1024x1024  seed 7")
                .contains("plain, ddim, 25 steps, guidance 0.0, 64x64; enlarged 16 times by plainer, 8 steps")
                .contains("text 0.02 s, denoise 0.81 s, check result 0.03 s; ")
                .contains(" s in all");
    }

    @ParameterizedTest
    @CsvSource({"64,1", "256,4", "1024,16"})
    void image_size_asksForTheFactor(String size, int factor) {
        image("--size", size, "-o", folder + "/");

        StreamGenerateImagesRequest asked = gateway.images.remove();
        assertThat(asked.getUpscaleFactor()).isEqualTo(factor);
        assertThat(asked.getParameters().hasWidth()).isFalse();
    }

    @Test
    void image_noSize_leavesItToTheGateway() {
        image("-o", folder + "/");

        assertThat(gateway.images.remove().hasUpscaleFactor()).isFalse();
    }

    @Test
    void image_sizeThatIsNone_isRefusedWithThoseThatThereAre() {
        Run run = image("--size", "300", "-o", folder + "/");

        assertThat(run.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(run.err()).contains("--size 300: the model draws 64 pixels, which can become 64, 256, 1024");
        assertThat(gateway.images).isEmpty();
    }

    @Test
    void image_previewWithoutATerminal_isAskedForAndGoesIntoAFile() {
        image("--preview", "-o", folder.resolve("fox.png").toString());
        image("-o", folder.resolve("fox.png").toString());

        assertThat(gateway.images)
                .extracting(StreamGenerateImagesRequest::getPreviewInterval)
                .containsExactly(2, 0);
    }

    @Test
    void upscale_picture_writesTheLargerOne() throws IOException {
        Path fox = Files.write(folder.resolve("fox.png"), TestingGateway.plain(64));

        Run run = upscale(
                fox.toString(),
                "--prompt",
                "a fox",
                "--steps",
                "5",
                "--noise-level",
                "0",
                "--seed",
                "9",
                "--guidance",
                "1");

        assertThat(run.exitCode()).isZero();
        assertThat(run.out())
                .contains("fox-upscaled.png  256x256  seed 9")
                .contains("plainer, ddim, 5 steps, guidance 1.0, noise level 0")
                .contains("upscale 0.40 s");
        assertThat(ImageIO.read(folder.resolve("fox-upscaled.png").toFile()).getWidth())
                .isEqualTo(256);
        StreamUpscaleImageRequest asked = gateway.upscalings.remove();
        assertThat(asked.getParameters().getPrompt()).isEqualTo("a fox");
        assertThat(asked.getParameters().hasNoiseLevel()).isTrue();
        assertThat(asked.getImage().toByteArray()).isEqualTo(TestingGateway.plain(64));
    }

    @Test
    void upscale_intoAFolder_namesTheFileAfterTheInput() throws IOException {
        Path fox = Files.write(folder.resolve("fox.png"), TestingGateway.plain(64));

        Run run = upscale(fox.toString(), "-o", folder + "/out/");

        assertThat(run.exitCode()).isZero();
        assertThat(folder.resolve("out/fox-upscaled.png")).exists();
    }

    @Test
    void upscale_heldBack_writesNothingAndSaysSo() throws IOException {
        Path fox = Files.write(folder.resolve("fox.png"), TestingGateway.plain(64));
        gateway.blocked = Set.of(0);

        Run run = upscale(fox.toString(), "-o", folder.resolve("large.png").toString());

        assertThat(run.exitCode()).isEqualTo(Failures.HELD_BACK);
        assertThat(run.out()).contains("held back: weapons");
        assertThat(folder.resolve("large.png")).doesNotExist();
    }

    @Test
    void upscale_json_printsOneObject() throws IOException {
        Path fox = Files.write(folder.resolve("fox.png"), TestingGateway.plain(64));

        JsonNode report = new ObjectMapper()
                .readTree(upscale(
                                fox.toString(),
                                "--json",
                                "-o",
                                folder.resolve("l.png").toString())
                        .out());

        assertThat(report.at("/image/file").asText()).endsWith("l.png");
        assertThat(report.at("/image/image/width").asInt()).isEqualTo(256);
        assertThat(report.at("/completed/parameters/model").asText()).isEqualTo("plainer");
    }

    @ParameterizedTest
    @CsvSource({
        "parameters.noise_level, --noise-level",
        "parameters.prompt, --prompt",
        "image, the picture",
        "parameters.num_inference_steps, --steps"
    })
    void upscale_badField_isNamedAsItsOption(String field, String option) throws IOException {
        Path fox = Files.write(folder.resolve("fox.png"), TestingGateway.plain(64));
        gateway.badField = field;

        Run run = upscale(fox.toString());

        assertThat(run.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(run.err()).contains("  " + option + ": must be better");
    }

    @Test
    void upscale_fileThatIsMissingOrTooLarge_isRefusedByName() throws IOException {
        Path large = folder.resolve("large.png");
        try (RandomAccessFile file = new RandomAccessFile(large.toFile(), "rw")) {
            file.setLength((16L << 20) + 1);
        }

        assertThat(upscale(folder.resolve("none.png").toString()).err()).contains("none.png does not exist");
        assertThat(upscale(large.toString()).err()).contains("large.png is larger than 16 MiB");
        assertThat(gateway.upscalings).isEmpty();
    }

    @Test
    void models_withUpscalers_listsThem() {
        Run run = Run.of("models", "--server", gateway.address());

        assertThat(run.out())
                .contains("then enlarged 4 times")
                .contains("plainer  (StableDiffusionUpscalePipeline, licence not stated)")
                .contains("enlarges 4 times")
                .contains("pictures of 16 to 256 pixels a side and 16 MiB");
    }

    private Run image(String... options) {
        return Run.of(join(new String[] {"image", "a fox", "--server", gateway.address()}, options));
    }

    private Run upscale(String... options) {
        return Run.of(join(new String[] {"upscale", "--server", gateway.address()}, options));
    }

    private static String[] join(String[] first, String[] second) {
        return Stream.of(first, second).flatMap(Arrays::stream).toArray(String[]::new);
    }
}
