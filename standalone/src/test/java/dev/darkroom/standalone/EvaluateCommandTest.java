// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.darkroom.inference.image.PngWriter;
import dev.darkroom.inference.image.RgbImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The evaluate command as a user types it, over pocket-clip. */
class EvaluateCommandTest {
    private static final Path CLIP = Path.of("..", "models", "pocket-clip");

    @TempDir
    private Path folder;

    private Path warm = Path.of("");
    private Path cold = Path.of("");

    @BeforeEach
    void drawPictures() throws IOException {
        warm = pictures("warm", 12, 200, 40);
        cold = pictures("cold", 10, 40, 200);
    }

    private Path pictures(String name, int count, int red, int blue) throws IOException {
        Path into = Files.createDirectory(folder.resolve(name));
        Random random = new Random(count);
        for (int i = 0; i < count; i++) {
            byte[] rgb = new byte[16 * 16 * 3];
            random.nextBytes(rgb);
            for (int at = 0; at < rgb.length; at += 3) {
                rgb[at] = (byte) (red + rgb[at] % 40);
                rgb[at + 2] = (byte) (blue + rgb[at + 2] % 40);
            }
            Files.write(into.resolve("%02d.png".formatted(i)), PngWriter.encode(RgbImage.of(16, 16, rgb), ""));
        }
        return into;
    }

    private Run evaluate(String metric, Path real, Path fake, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "evaluate",
                metric,
                "--real",
                real.toString(),
                "--fake",
                fake.toString(),
                "--features",
                CLIP.toString()));
        arguments.addAll(Arrays.asList(more));
        return Run.of(arguments.toArray(String[]::new));
    }

    private static JsonNode json(Run run) throws IOException {
        assertThat(run.err()).isEmpty();
        assertThat(run.exitCode()).isZero();
        return new JsonMapper().readTree(run.out());
    }

    private static double value(JsonNode result, String metric) {
        return result.required("metrics").required(metric).required("value").doubleValue();
    }

    @Test
    void fid_differentSets_isLargerThanOfOneWithItself() throws IOException {
        JsonNode different = json(evaluate("fid", warm, cold, "--json", "--bootstrap", "20"));
        JsonNode same = json(evaluate("fid", warm, warm, "--json", "--bootstrap", "0"));

        assertThat(value(same, "fid")).isCloseTo(0, within(1e-6));
        assertThat(value(different, "fid")).isGreaterThan(0.01);
        assertThat(different
                        .required("metrics")
                        .required("fid")
                        .required("interval")
                        .required("high")
                        .doubleValue())
                .isGreaterThan(value(different, "fid"));
        assertThat(same.required("metrics").required("fid").has("interval")).isFalse();
        assertThat(different.required("warnings").get(0).textValue()).contains("10 samples for features of length 128");
        assertThat(different.required("fake").textValue()).endsWith("10 pictures (10 png)");
        assertThat(different.required("preprocessing").textValue()).contains("resample 3");
    }

    @Test
    void fid_savedStatistics_areAsGoodAsTheirPictures() throws IOException {
        Path saved = folder.resolve("warm.stats");
        JsonNode pictures =
                json(evaluate("fid", warm, cold, "--json", "--bootstrap", "0", "--save-real", saved.toString()));
        JsonNode statistics = json(evaluate("fid", saved, cold, "--json"));

        assertThat(value(statistics, "fid")).isEqualTo(value(pictures, "fid"));
        Run kid = evaluate("kid", saved, cold, "--subset-size", "5");
        assertThat(kid.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(kid.err()).contains("saved statistics are enough for fid only");
    }

    @Test
    void kid_smallBlocks_hasMeanAndDeviation() throws IOException {
        JsonNode result = json(evaluate("kid", warm, cold, "--json", "--subsets", "3", "--subset-size", "8"));
        assertThat(value(result, "kid")).isPositive();
        assertThat(value(result, "kid_std")).isNotNegative();
    }

    @Test
    void kid_blocksLargerThanTheSet_saysWhatToAskFor() {
        Run run = evaluate("kid", warm, cold);
        assertThat(run.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(run.err()).contains("--subset-size 1000").contains("10 or less");
    }

    @Test
    void cmmd_differentSets_isLargerThanOfOneWithItself() throws IOException {
        assertThat(value(json(evaluate("cmmd", warm, cold, "--json")), "cmmd")).isGreaterThan(0.1);
        assertThat(value(json(evaluate("cmmd", warm, warm, "--json")), "cmmd")).isCloseTo(0, within(1e-9));
    }

    @Test
    void prdc_setsFarApart_haveNothingInCommon() throws IOException {
        JsonNode apart = json(evaluate("prdc", warm, cold, "--json"));
        JsonNode same = json(evaluate("prdc", warm, warm, "--json"));
        for (String metric : List.of("precision", "recall", "density", "coverage")) {
            assertThat(value(apart, metric)).isZero();
            assertThat(value(same, metric)).isPositive();
        }
    }

    private static final Path GRAPHS = Path.of("..", "evaluation", "src", "test", "resources", "graphs");

    private static Run is(Path pictures, String... more) {
        List<String> arguments = new ArrayList<>(
                List.of("evaluate", "is", "--fake", pictures + "", "--features", GRAPHS.resolve("mean_colour") + ""));
        arguments.addAll(Arrays.asList(more));
        return Run.of(arguments.toArray(String[]::new));
    }

    /** The network takes red, green and blue for classes; of two colours there is more to tell than of one. */
    @Test
    void is_picturesOfTwoKinds_scoreHigherThanOfOne() throws IOException {
        Path both = Files.createDirectory(folder.resolve("both"));
        Files.move(warm, both.resolve("warm"));
        Files.move(cold, both.resolve("cold"));
        JsonNode mixed = json(is(both, "--json", "--splits", "2", "--bootstrap", "50"));
        JsonNode one = json(is(both.resolve("warm"), "--json", "--splits", "2", "--bootstrap", "0"));

        assertThat(value(one, "is")).isBetween(1.0, 1.01);
        assertThat(value(mixed, "is")).isBetween(1.05, 3.0);
        assertThat(value(mixed, "is_std")).isNotNegative();
        JsonNode interval = mixed.required("metrics").required("is").required("interval");
        assertThat(value(mixed, "is"))
                .isBetween(
                        interval.required("low").doubleValue(),
                        interval.required("high").doubleValue());
        assertThat(one.required("metrics").required("is").has("interval")).isFalse();
        assertThat(mixed.required("features").textValue()).endsWith("3 classes");
        assertThat(mixed.required("fake").textValue()).endsWith("22 pictures (22 png)");
        assertThat(mixed.path("warnings")).isEmpty();
    }

    @Test
    void is_fewPictures_warnsOrSaysWhatToAskFor() throws IOException {
        assertThat(json(is(warm, "--json", "--splits", "6"))
                        .required("warnings")
                        .get(0)
                        .textValue())
                .startsWith("2 pictures in a split, and 3 classes");
        Run run = is(warm, "--splits", "13");
        assertThat(run.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(run.err()).contains("13 splits of 12 pictures");
    }

    private Path clips(String name, int count, int frames, int red) throws IOException {
        Random random = new Random(red);
        for (int clip = 0; clip < count; clip++) {
            Path into = Files.createDirectories(folder.resolve(name).resolve("clip-" + clip));
            for (int frame = 0; frame < frames; frame++) {
                byte[] rgb = new byte[16 * 16 * 3];
                Arrays.fill(rgb, (byte) (red + random.nextInt(40)));
                Files.write(into.resolve("f" + frame + ".png"), PngWriter.encode(RgbImage.of(16, 16, rgb), ""));
            }
        }
        return folder.resolve(name);
    }

    private static Run fvd(Path real, Path fake, String... more) {
        List<String> arguments = new ArrayList<>(List.of("evaluate", "fvd", "--real", real + "", "--fake", fake + ""));
        arguments.addAll(List.of("--features", GRAPHS.resolve("clip_frames_first/model.onnx") + ""));
        arguments.addAll(Arrays.asList(more));
        return Run.of(arguments.toArray(String[]::new));
    }

    @Test
    void fvd_differentClips_areFartherApartThanTheSame() throws IOException {
        Path dark = clips("dark", 8, 3, 20);
        Path light = clips("light", 6, 2, 180);
        JsonNode different = json(fvd(dark, light, "--json", "--bootstrap", "30"));
        JsonNode same = json(fvd(dark, dark, "--json", "--bootstrap", "0"));

        assertThat(value(same, "fvd")).isCloseTo(0, within(1e-6));
        assertThat(value(different, "fvd")).isGreaterThan(0.1);
        assertThat(different
                        .required("metrics")
                        .required("fvd")
                        .required("interval")
                        .required("low")
                        .doubleValue())
                .isBetween(0.1, value(different, "fvd"));
        assertThat(different.required("real").textValue()).endsWith("8 clips, the first 2 frames of each");
        assertThat(different.required("fake").textValue()).endsWith("6 clips, the first 2 frames of each");
    }

    @Test
    void fvd_clipsThatDoNotFit_areNamed() throws IOException {
        Path good = clips("good", 3, 2, 20);
        Path brief = clips("brief", 3, 1, 20);
        Run tooShort = fvd(good, brief);
        assertThat(tooShort.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(tooShort.err()).contains("clip-0 has 1 frames, 2 are needed");
        Run frames = fvd(good, good, "--frames", "1");
        assertThat(frames.err()).contains("the network takes clips of 2 frames, this one has 1");
        Run flat = fvd(good, warm);
        assertThat(flat.err()).contains("holds no clip: a folder of frames");
    }

    @Test
    void text_ofAMetric_namesNetworkAndPreparation() {
        Run run = evaluate("cmmd", warm, cold);
        assertThat(run.out())
                .startsWith("cmmd ")
                .contains("features      pocket-clip ")
                .contains("preprocessing size");
    }

    @Test
    void features_missingModelOrFolder_saysWhatIsNeeded() {
        Run model = Run.of("evaluate", "fid", "--real", warm + "", "--fake", cold + "", "--features", folder + "/none");
        Run real = evaluate("fid", folder.resolve("none"), cold);
        assertThat(model.exitCode()).isEqualTo(Failures.FAILED);
        assertThat(model.err()).contains("a CLIP folder, an .onnx file or a folder with a model.onnx");
        assertThat(real.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(real.err()).contains("none is not a folder");
    }

    private Path captions(String name, String... lines) throws IOException {
        return Files.writeString(folder.resolve(name), String.join("\n", lines));
    }

    private JsonNode scored(Path candidates, Path references) throws IOException {
        return json(Run.of(
                "evaluate", "captions", "--candidates", candidates + "", "--references", references + "", "--json"));
    }

    @Test
    void captions_twoSystems_compareByPicture() throws IOException {
        Path references =
                captions("references", "a fox in the snow\ta red fox", "a blue car\tthe car is blue", "two cats");
        Path good = captions("good", "a fox in the snow", "a blue car", "two cats");
        Path poor = captions("poor", "a dog in the sun", "a blue car", "a tree");
        JsonNode goodScores = scored(good, references);
        JsonNode poorScores = scored(poor, references);
        Path a = Files.writeString(folder.resolve("a.json"), poorScores.toString());
        Path b = Files.writeString(folder.resolve("b.json"), goodScores.toString());

        assertThat(value(goodScores, "rouge_l")).isEqualTo(1);
        assertThat(value(goodScores, "meteor")).isGreaterThan(value(poorScores, "meteor"));
        assertThat(goodScores.required("items").size()).isEqualTo(3);
        Run comparison = Run.of("evaluate", "--compare", a.toString(), b.toString());
        assertThat(comparison.exitCode()).isZero();
        assertThat(comparison.out()).contains("rouge_l").contains("b - a");
        JsonNode json = json(Run.of("evaluate", "--compare", a.toString(), b.toString(), "--json"));
        assertThat(json.required("metrics")
                        .required("rouge_l")
                        .required("difference")
                        .doubleValue())
                .isPositive();
        assertThat(json.required("items_left_out").intValue()).isZero();
    }

    @Test
    void compare_rightOrWrong_testsWithMcNemar() throws IOException {
        StringBuilder a = new StringBuilder("{\"items\": {");
        StringBuilder b = new StringBuilder("{\"items\": {");
        for (int i = 0; i < 12; i++) {
            a.append("\"%d\": {\"subject\": %b},".formatted(i, i == 0));
            b.append("\"%d\": {\"subject\": %b},".formatted(i, i < 9));
        }
        Path first = Files.writeString(folder.resolve("a.json"), a + "\"only a\": {\"subject\": true}}}");
        Path second = Files.writeString(folder.resolve("b.json"), b.substring(0, b.length() - 1) + "}}");

        Run run = Run.of("evaluate", "--compare", first.toString(), second.toString());

        assertThat(run.out())
                .contains("1 items that only one of them has are left out")
                .contains("differs, McNemar p = 0.0078");
    }

    @Test
    void compare_resultsWithoutItems_isRefused() throws IOException {
        Path none = Files.writeString(folder.resolve("a.json"), "{\"metrics\": {}, \"items\": {}}");
        Run run = Run.of("evaluate", "--compare", none.toString(), none.toString());
        assertThat(run.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(run.err()).contains("has no values for single items");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1})
    void pairwise_twoFolders_isOnePageThatHidesWhoseIsWhose(long seed) throws IOException {
        Path page = folder.resolve("rating.html");
        Run run = Run.of("evaluate", "--pairwise", warm + "", cold + "", "-o", page + "", "--seed", seed + "");

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("10 pairs");
        String html = Files.readString(page);
        JsonNode data = new JsonMapper()
                .readTree(html.lines()
                        .filter(line -> line.startsWith("const data = "))
                        .map(line -> line.substring("const data = ".length(), line.length() - 1))
                        .findFirst()
                        .orElseThrow());
        List<String> names = new ArrayList<>();
        int swapped = 0;
        for (JsonNode pair : data.required("pairs")) {
            names.add(pair.required("name").textValue());
            swapped += pair.required("swapped").booleanValue() ? 1 : 0;
        }
        assertThat(names).hasSize(10).doesNotHaveDuplicates();
        assertThat(names).isNotEqualTo(names.stream().sorted().toList());
        assertThat(swapped).isBetween(1, 9);
        assertThat(html.replaceFirst("(?m)^const data = .*$", ""))
                .doesNotContain("warm")
                .doesNotContain("cold");
        assertThat(html).doesNotContain("\"DATA\"");
    }

    @Test
    void pairwise_foldersThatDoNotPair_isRefused() throws IOException {
        Path other = pictures("other", 3, 0, 0);
        for (int i = 0; i < 3; i++) {
            Files.move(other.resolve("%02d.png".formatted(i)), other.resolve("picture-%d.png".formatted(i)));
        }
        Run run = Run.of("evaluate", "--pairwise", warm + "", other + "", "-o", folder + "/rating.html");
        assertThat(run.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(run.err()).contains("name the pictures of a pair alike");
        assertThat(folder.resolve("rating.html")).doesNotExist();
    }

    @Test
    void evaluate_nothing_saysWhatThereIs() {
        Run run = Run.of("evaluate");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("fid, kid, cmmd, prdc, captions");
    }
}
