// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.darkroom.inference.image.PngReader;
import dev.darkroom.inference.image.PngWriter;
import dev.darkroom.inference.image.RgbImage;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands as a user types them, against all services and the shipped model. */
class CommandsTest {

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
    void image_fileName_writesPictureWithItsParameters() throws IOException {
        Path fox = folder.resolve("fox.png");

        Run run = draw("a fox in the snow", "--seed", "7", "--steps", "4", "-o", fox.toString());

        assertThat(run.exitCode()).isZero();
        assertThat(run.out())
                .contains("fox.png  64x64  seed 7")
                .contains("4 steps")
                .contains("denoise ");
        PngReader.Picture picture = PngReader.decode(Files.readAllBytes(fox), 1_000_000);
        assertThat(picture.image().width()).isEqualTo(64);
        JsonNode parameters = new ObjectMapper().readTree(picture.parametersJson());
        assertThat(parameters.path("prompt").asText()).isEqualTo("a fox in the snow");
        assertThat(parameters.path("seed").asLong()).isEqualTo(7);
    }

    @Test
    void image_severalIntoFolder_eachIsTheSameToTheByteAlone() throws IOException {
        String out = folder + "/out/";
        Path alone = folder.resolve("alone.png");

        Run together = draw("a red apple", "-n", "3", "--seed", "7", "--steps", "4", "-o", out);
        Run second = draw("a red apple", "--seed", "8", "--steps", "4", "-o", alone.toString());

        assertThat(List.of(together.exitCode(), second.exitCode())).containsOnly(0);
        assertThat(names(Path.of(out)))
                .containsExactly(
                        "a-red-apple-7.png", "a-red-apple-8.png", "a-red-apple-9.png", "a-red-apple-sheet.png");
        assertThat(Path.of(out, "a-red-apple-8.png")).hasSameBinaryContentAs(alone);
    }

    @Test
    void image_preview_leavesAnEarlierPictureBeside() throws IOException {
        Run run = draw(
                "a castle",
                "--seed",
                "1",
                "--steps",
                "6",
                "--preview",
                "-o",
                folder.resolve("castle.png").toString());

        assertThat(run.exitCode()).isZero();
        assertThat(names(folder)).containsExactly("castle-preview.png", "castle.png");
        assertThat(folder.resolve("castle-preview.png").toFile()).isNotEmpty();
    }

    @Test
    void image_json_printsOneObject() throws IOException {
        Run run = draw(
                "a zebra crossing",
                "--seed",
                "-3",
                "--steps",
                "2",
                "--json",
                "-o",
                folder.resolve("z.png").toString());

        JsonNode report = new ObjectMapper().readTree(run.out());
        assertThat(report.at("/images/0/file").asText()).endsWith("z.png");
        assertThat(report.at("/images/0/generated/seed").asText()).isEqualTo("-3");
        assertThat(report.at("/images/0/generated/image/width").toString()).isEqualTo("64");
        assertThat(report.at("/completed/parameters/numInferenceSteps").asInt()).isEqualTo(2);
        assertThat(report.at("/completed/fingerprint/modelDigest").asText()).hasSize(64);
        assertThat(report.at("/warnings/0/reason").asText()).isEqualTo("PROMPT_OUTSIDE_WORLD");
    }

    @Test
    void image_badOptions_namesThemAllAndMakesNothing() throws IOException {
        Run run = image(
                "a fox",
                "--steps",
                "0",
                "--guidance",
                "NaN",
                "--width",
                "63",
                "-n",
                "99",
                "--scheduler",
                "magic",
                "-o",
                folder + "/");

        assertThat(run.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(run.err())
                .contains("--steps", "--guidance", "--width", "-n", "--scheduler")
                .contains("ddim, ddpm, euler");
        assertThat(names(folder)).isEmpty();
    }

    /** The gateway holds a request that it refuses itself against the limits that the service publishes: same words, either way. */
    @Test
    void image_badOptions_gatewayAndServiceSayTheSame() {
        Run byService = image("a fox", "--steps", "0", "--guidance", "77", "--width", "63", "-n", "99");
        Run byGateway = image("", "--steps", "0", "--guidance", "77", "--width", "63", "-n", "99");

        assertThat(byService.err().lines()).hasSize(5);
        assertThat(byGateway.err().lines())
                .containsAll(byService.err().lines().toList())
                .anyMatch(line -> line.contains("the prompt"));
    }

    @Test
    void image_blockedPrompt_isRefusedWithoutEcho() {
        Run run = image("a bloody severed head with a machine gun", "-o", folder + "/");

        assertThat(run.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(run.err()).contains("blocks this prompt").contains("weapons").doesNotContain("severed");
    }

    @Test
    void models_listsTheShippedOne() {
        Run run = Run.of("models", "--server", services.gatewayAddress());

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("pocket-unet", "StableDiffusionPipeline", "ddim, ddpm, euler", "fox");
    }

    @Test
    void inspect_madePicture_showsWhatToAskFor() {
        Path fox = folder.resolve("fox.png");
        draw("a fox", "--seed", "5", "--steps", "2", "-o", fox.toString());

        Run run = Run.of("inspect", fox.toString());

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("64x64").containsPattern("prompt +a fox").containsPattern("seed +5");
    }

    @Test
    void inspect_enlargedPicture_showsHow() throws IOException {
        Path large = folder.resolve("large.png");
        String json = """
                {"prompt": "a fox", "seed": 5, "upscale": {"model": "pocket-upscaler", "num_inference_steps": 8, "noise_level": 20}}""";
        Files.write(large, PngWriter.encode(RgbImage.of(4, 4, new byte[48]), json));

        Run run = Run.of("inspect", large.toString());

        assertThat(run.exitCode()).isZero();
        assertThat(run.out())
                .containsPattern("seed +5")
                .containsPattern("upscale\\.model +pocket-upscaler")
                .containsPattern("upscale\\.noise_level +20");
    }

    @Test
    void inspect_missingFile_saysSo() {
        Run run = Run.of("inspect", folder.resolve("none.png").toString());

        assertThat(run.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(run.err()).contains("none.png does not exist");
    }

    @Test
    void sheet_twoPictures_areSideBySide() throws IOException {
        Path fox = folder.resolve("fox.png");
        Path sheet = folder.resolve("sheet.png");
        draw("a fox", "--steps", "2", "-o", fox.toString());

        Run run = Run.of("sheet", fox.toString(), fox.toString(), "-o", sheet.toString());

        assertThat(run.exitCode()).isZero();
        BufferedImage image = ImageIO.read(sheet.toFile());
        assertThat(image.getWidth()).isGreaterThan(2 * 128);
        assertThat(image.getRGB(20, 20)).isEqualTo(image.getRGB(20 + 128 + 4, 20));
    }

    @Test
    void sheet_noPicture_isRefusedByName() {
        Run run = Run.of(
                "sheet",
                folder.resolve("none.png").toString(),
                "-o",
                folder.resolve("sheet.png").toString());

        assertThat(run.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(run.err()).contains("none.png is not a picture");
    }

    @Test
    void image_serverNotThere_saysWhatToDo() {
        Run run = Run.of("image", "a fox", "--server", "127.0.0.1:1", "-o", folder + "/");

        assertThat(run.exitCode()).isEqualTo(Failures.FAILED);
        assertThat(run.err()).contains("darkroom serve");
    }

    /** As the model draws it, which is the fastest. */
    @Test
    void image_fromAPicture_keepsMoreOfItTheLessTheStrength() throws IOException {
        Path fox = folder.resolve("fox.png");
        assertThat(draw("a fox in the snow", "--seed", "5", "--steps", "4", "-o", fox.toString())
                        .exitCode())
                .isZero();

        Run little = draw(
                "an owl in the snow",
                "--from",
                fox.toString(),
                "--strength",
                "0.3",
                "--seed",
                "5",
                "-o",
                folder + "/little.png");
        Run much = draw(
                "an owl in the snow",
                "--from",
                fox.toString(),
                "--strength",
                "0.9",
                "--seed",
                "5",
                "-o",
                folder + "/much.png");

        assertThat(List.of(little.exitCode(), much.exitCode()))
                .as(little.err() + much.err())
                .containsOnly(0);
        assertThat(distance(fox, folder.resolve("little.png"))).isLessThan(distance(fox, folder.resolve("much.png")));
    }

    @Test
    void image_fromALargePicture_isDrawnAtTheModelsOwnSize() throws IOException {
        Path wide = folder.resolve("wide.png");
        ImageIO.write(new BufferedImage(320, 160, BufferedImage.TYPE_INT_RGB), "png", wide.toFile());

        Run run = image(
                "an owl",
                "--from",
                wide.toString(),
                "--strength",
                "1",
                "--steps",
                "2",
                "--size",
                "64",
                "-o",
                folder + "/owl.png");

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).contains("owl.png  64x32");
    }

    @Test
    void image_badStartOptions_namesThem() throws IOException {
        Run run = draw("a fox", "--strength", "2", "--guidance-end", "3", "--refiner", "magic", "-o", folder + "/");

        assertThat(run.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(names(folder)).isEmpty();
    }

    private static double distance(Path one, Path other) throws IOException {
        byte[] a = PngReader.decode(Files.readAllBytes(one), 1_000_000).image().rgb();
        byte[] b =
                PngReader.decode(Files.readAllBytes(other), 1_000_000).image().rgb();
        return IntStream.range(0, a.length)
                .mapToDouble(i -> Math.abs((a[i] & 0xff) - (b[i] & 0xff)))
                .average()
                .orElseThrow();
    }

    @Test
    void compare_samplersAndScales_areOnePageWithAPictureEach() throws IOException {
        Path page = folder.resolve("fox.html");

        Run run = compare(
                "a <fox>", "--schedulers", "ddim,euler", "--guidance", "1,4", "--steps", "2", "-o", page.toString());

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).contains("pocket-dit", "pocket-unet", "ddim", "euler", " s  ");
        assertThat(Files.readString(page))
                .contains("<h1>a &lt;fox&gt;</h1>", "<th>guidance 1.0</th><th>guidance 4.0</th>")
                .doesNotContain("<fox>");
        List<String> pictures = Pattern.compile("base64,([^\"]+)")
                .matcher(Files.readString(page))
                .results()
                .map(found -> found.group(1))
                .toList();
        assertThat(pictures).hasSize(2 * 2 * 2).doesNotHaveDuplicates(); // models, samplers, scales
        assertThat(PngReader.decode(Base64.getDecoder().decode(pictures.getFirst()), 1_000_000)
                        .image()
                        .width())
                .isEqualTo(64);
    }

    @Test
    void compare_badOptions_saysWhichAndWritesNothing() throws IOException {
        Run steps = compare("a fox", "--schedulers", "ddim", "--steps", "0", "-o", folder + "/a.html");
        Run model = compare("a fox", "--models", "magic", "-o", folder + "/a.html");
        Run scheduler = compare("a fox", "--schedulers", "magic", "-o", folder + "/a.html");

        assertThat(List.of(steps.exitCode(), model.exitCode(), scheduler.exitCode()))
                .containsOnly(Failures.REFUSED);
        assertThat(steps.err()).contains("--steps");
        assertThat(model.err()).contains("magic", "pocket-unet");
        assertThat(scheduler.err()).contains("darkroom models");
        assertThat(names(folder)).isEmpty();
    }

    @Test
    void score_drawnPictures_ranksTheOneOfTheWordsFirst() {
        draw("a fox in the snow", "--seed", "7", "-o", folder + "/fox.png");
        draw("a rocket in space", "--seed", "7", "-o", folder + "/rocket.png");

        Run run = Run.of("score", "a fox in the snow", folder + "/*.png", "--server", services.gatewayAddress());

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out().lines().map(line -> line.replaceAll(".*/", "")).limit(2))
                .containsExactly("fox.png", "rocket.png");
        assertThat(run.out()).contains("pocket-clip, CLIPScore");
    }

    @Test
    void caption_drawnPicture_saysWhatItShows() {
        String rocket = folder + "/rocket.png";
        draw("a rocket in space", "--seed", "7", "-o", rocket);

        Run run = Run.of("caption", rocket, "--server", services.gatewayAddress());
        Run shortly = Run.of("caption", rocket, "--style", "short", "--server", services.gatewayAddress());

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).contains("a rocket in space", "pocket-caption, 3 beams");
        assertThat(shortly.out()).contains("rocket in space").doesNotContain("a rocket");
    }

    @Test
    void image_bestOf_deliversTheOneWithTheHighestScore() throws IOException {
        Run run = draw(
                "a fox in the snow",
                "--seed",
                "7",
                "--steps",
                "4",
                "--best-of",
                "3",
                "--json",
                "-o",
                folder + "/fox.png");

        JsonNode report = new ObjectMapper().readTree(run.out());
        List<Double> scores = new ArrayList<>();
        report.at("/completed/selection/candidates")
                .forEach(it -> scores.add(it.path("score").asDouble()));
        assertThat(scores).hasSize(3);
        assertThat(report.at("/images")).hasSize(1);
        assertThat(report.at("/images/0/score").asDouble()).isEqualTo(Collections.max(scores));
    }

    @Test
    void submit_prompt_isAJobThatCanBeFollowedAndFetched() throws IOException {
        Run submitted = onServer("submit", "a fox in the snow", "--seed", "7", "--steps", "4", "--label", "test=fox");
        String id = submitted.out().strip();

        Run watched = onServer("jobs", "watch", id);
        Run listed = onServer("jobs", "--filter", "labels.test = fox");
        Run fetched = onServer("jobs", "result", id, "-o", folder.toString());
        image("a fox in the snow", "--seed", "7", "--steps", "4", "-o", folder + "/alone.png");

        assertThat(submitted.exitCode()).as(submitted.err()).isZero();
        assertThat(watched.exitCode()).as(watched.err()).isZero();
        assertThat(watched.out()).contains(id, "image", "succeeded");
        assertThat(listed.out().lines()).hasSize(2).last().asString().startsWith(id);
        assertThat(fetched.out()).contains(id + "-1.png  seed 7");
        assertThat(folder.resolve(id + "-1.png")).hasSameBinaryContentAs(folder.resolve("alone.png"));
    }

    @Test
    void submit_sameRequestId_isTheSameJob() {
        String[] command = {"submit", "a red apple", "--seed", "1", "--steps", "1", "--request-id", "apple-1"};

        assertThat(onServer(command).out()).isEqualTo(onServer(command).out());
    }

    @Test
    void jobs_cancelled_hasNoResult() {
        String id = onServer("submit", "a castle", "--steps", "500").out().strip();

        Run cancelled = onServer("jobs", "cancel", id);
        Run watched = onServer("jobs", "watch", id);
        Run fetched = onServer("jobs", "result", id, "-o", folder.toString());
        Run deleted = onServer("jobs", "delete", id);

        assertThat(cancelled.exitCode()).as(cancelled.err()).isZero();
        assertThat(watched.exitCode()).isEqualTo(Failures.FAILED);
        assertThat(watched.out()).contains("cancelled");
        assertThat(fetched.out()).contains("no result: The operation was cancelled");
        assertThat(deleted.exitCode()).isZero();
        assertThat(onServer("jobs", "watch", id).exitCode()).isEqualTo(Failures.REFUSED);
    }

    @Test
    void batch_openAiLines_areMadeByTheShippedModel() throws IOException {
        Path manifest = Files.writeString(
                folder.resolve("batch.jsonl"),
                "{\"custom_id\": \"request-1\", \"method\": \"POST\", \"url\": \"/v1/images/generations\", "
                        + "\"body\": {\"model\": \"gpt-image-1\", \"prompt\": \"a fox\", \"num_inference_steps\": 2}}\n");

        Run run = onServer("batch", manifest.toString(), "-o", folder + "/out");

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(folder.resolve("out/request-1.png")).isNotEmptyFile();
    }

    private static Run onServer(String... command) {
        return Run.of(Stream.concat(Stream.of(command), Stream.of("--server", services.gatewayAddress()))
                .toArray(String[]::new));
    }

    private static Run compare(String prompt, String... options) {
        List<String> arguments = new ArrayList<>(List.of("compare", prompt, "--server", services.gatewayAddress()));
        arguments.addAll(List.of(options));
        return Run.of(arguments.toArray(String[]::new));
    }

    private static Run draw(String prompt, String... options) {
        String[] asDrawn =
                Stream.concat(Stream.of(options), Stream.of("--size", "64")).toArray(String[]::new);
        return image(prompt, asDrawn);
    }

    private static Run image(String prompt, String... options) {
        List<String> arguments = new ArrayList<>(List.of("image", prompt, "--server", services.gatewayAddress()));
        arguments.addAll(List.of(options));
        return Run.of(arguments.toArray(String[]::new));
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
