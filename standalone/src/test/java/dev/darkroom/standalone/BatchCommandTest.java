// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Batches as a user runs them, against a gateway that does as it is told. */
class BatchCommandTest {

    @TempDir
    private Path folder;

    private TestingGateway gateway;

    @BeforeEach
    void start() throws IOException {
        gateway = new TestingGateway();
        Files.write(folder.resolve("small.png"), TestingGateway.plain(8));
    }

    @AfterEach
    void stop() {
        gateway.close();
    }

    @Test
    void batch_mixedManifest_writesFilesAndResultsInItsOrder() throws IOException {
        Run run = batch("m.jsonl", """
                {"id": "fox", "prompt": "a fox", "num_images_per_prompt": 2}
                {"kind": "caption", "image": "small.png"}
                {"id": "large", "kind": "upscale", "image": "small.png"}
                """);

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).contains("results.jsonl  3 done");
        assertThat(results()).extracting(it -> it.path("id").asText()).containsExactly("fox", "2", "large");
        assertThat(results().getFirst().path("files"))
                .extracting(JsonNode::asText)
                .containsExactly("fox.png", "fox+2.png");
        assertThat(results().get(1).at("/captions/0").asText()).isEqualTo("a red fox");
        assertThat(names()).containsExactly("fox+2.png", "fox.png", "large.png", "results.jsonl");
    }

    @Test
    void batch_again_makesOnlyWhatIsMissing() throws IOException {
        String manifest = "{\"prompt\": \"a\", \"seed\": \"1..3\"}\n{\"prompt\": \"b\", \"seed\": 1}\n";
        batch("m.jsonl", manifest);
        gateway.images.clear();
        Files.delete(out().resolve("1-2.png"));

        Run run = batch("m.jsonl", manifest + "{\"prompt\": \"c\", \"seed\": 1}\n");

        assertThat(run.out()).contains("5 done (3 of an earlier run)");
        assertThat(prompts()).containsExactlyInAnyOrder("a", "c");
        assertThat(results()).hasSize(5);
    }

    @Test
    void batch_killedMidway_goesOnFromWhatWasWrittenDown() throws IOException {
        String manifest =
                "{\"id\": \"x\", \"prompt\": \"a\", \"seed\": 1}\n{\"id\": \"y\", \"prompt\": \"b\", \"seed\": 1}\n";
        batch("m.jsonl", manifest);
        String first = Files.readAllLines(out().resolve("results.jsonl")).getFirst();
        Files.delete(out().resolve("results.jsonl"));
        Files.writeString(out().resolve("results.jsonl.partial"), first + "\n{\"id\": \"y\", \"key");
        gateway.images.clear();

        Run run = batch("m.jsonl", manifest);

        assertThat(run.exitCode()).isZero();
        assertThat(prompts()).containsExactly("b");
        assertThat(names()).containsExactly("results.jsonl", "x.png", "y.png");
    }

    @Test
    void batch_identicalItems_areMadeOnceAndWrittenTwice() throws IOException {
        batch("m.csv", "id,prompt,seed\none,a,1\ntwo,a,1\n");

        assertThat(gateway.images).hasSize(1);
        assertThat(out().resolve("one.png")).hasSameBinaryContentAs(out().resolve("two.png"));
        assertThat(results()).extracting(it -> it.at("/files/0").asText()).containsExactly("one.png", "two.png");
    }

    @Test
    void batch_itemThatIsRefused_isWrittenIntoAFileThatCanBeFedBack() throws IOException {
        gateway.refusedPrompt = "b";
        String manifest =
                "{\"defaults\": {\"seed\": 3}}\n{\"id\": \"x\", \"prompt\": \"a\"}\n{\"id\": \"y\", \"prompt\": \"b\"}\n";

        Run run = batch("m.jsonl", manifest);

        assertThat(run.exitCode()).isEqualTo(Failures.FAILED);
        assertThat(run.err()).contains("line 3, y: parameters.prompt must be better");
        Path failed = out().resolve("failed.jsonl");
        assertThat(failed).hasContent("{\"defaults\": {\"seed\": 3}}\n{\"id\": \"y\", \"prompt\": \"b\"}\n");

        gateway.refusedPrompt = "";
        Run again = Run.of("batch", failed.toString(), "-o", folder + "/again", "--server", gateway.address());

        assertThat(again.exitCode()).as(again.err()).isZero();
        assertThat(folder.resolve("again/y.png")).exists();
        batch("m.jsonl", manifest);
        assertThat(failed).doesNotExist();
    }

    @Test
    void batch_heldBackPicture_isNoFailureAndNotAskedForAgain() throws IOException {
        gateway.blocked = Set.of(0);

        Run run = batch("m.jsonl", "{\"prompt\": \"a\", \"seed\": 1}\n");

        assertThat(run.exitCode()).isEqualTo(Failures.HELD_BACK);
        assertThat(results().getFirst().path("status").asText()).isEqualTo("HELD_BACK");
        batch("m.jsonl", "{\"prompt\": \"a\", \"seed\": 1}\n");
        assertThat(gateway.images).hasSize(1);
    }

    @Test
    void batch_mistakes_areAllNamedAndNothingIsMade() throws IOException {
        Run run = batch("m.jsonl", "{\"prompt\": \"a\", \"seed\": \"x\"}\n{\"promt\": \"b\"}\n");

        assertThat(run.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(run.err())
                .contains("m.jsonl, line 1, column 25, seed: ", "line 2, column 11, promt: ", "nothing was made");
        assertThat(gateway.images).isEmpty();
        assertThat(out()).doesNotExist();
    }

    @Test
    void batch_beyondTheServersLimits_isRefusedBeforeAnythingIsMade() throws IOException {
        Run run = batch(
                "m.jsonl",
                "{\"prompt\": \"a\"}\n{\"prompt\": \"a\", \"width\": 1000}\n{\"kind\": \"caption\", \"image\": \"none.png\"}\n");

        assertThat(run.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(run.err())
                .contains("line 2, column 1, width: must be a multiple of 8 from 16 to 256 pixels, but was 1000")
                .contains("line 3, column 1, image: must be a file, but was none.png");
        assertThat(gateway.images).isEmpty();
    }

    @Test
    void batch_dryRun_countsAndMakesNothing() throws IOException {
        Run run = batch(
                "m.yaml",
                "- {prompt: a, seed: 1..4}\n- {prompt: a, seed: 2}\n- {kind: caption, image: small.png}\n",
                "--dry-run");

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).contains("6 items (5 image, 1 caption), 5 of them different");
        assertThat(gateway.images).isEmpty();
        assertThat(out()).doesNotExist();
    }

    @Test
    void batch_sheetAndPage_showEveryPicture() throws IOException {
        batch(
                "m.jsonl",
                "{\"prompt\": \"a <fox>\", \"seed\": \"1..6\", \"upscale_factor\": 1}\n",
                "--contact-sheet",
                "--html",
                "-q");

        assertThat(ImageIO.read(out().resolve("contact-sheet.png").toFile()).getWidth())
                .isGreaterThan(3 * 128);
        assertThat(Files.readString(out().resolve("index.html")))
                .contains("a &lt;fox&gt;", "src=\"1-6.png\"")
                .doesNotContain("<fox>");
    }

    @Test
    void batch_name_isFilledIn() throws IOException {
        batch("m.jsonl", "{\"prompt\": \"a\"}\n", "--name", "{kind}-{index}-{seed}");

        assertThat(names()).contains("image-1-7.png");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../{id}", "{seed}", "{id}/{index}", "{id}{what}", "", ".{id}"})
    void batch_nameThatLeadsElsewhereOrIsNotUnique_isRefused(String name) throws IOException {
        Run run = batch("m.jsonl", "{\"prompt\": \"a\"}\n", "--name", name);

        assertThat(run.exitCode()).isEqualTo(Failures.REFUSED);
        assertThat(run.err()).contains("--name must");
    }

    private Run batch(String file, String manifest, String... options) throws IOException {
        Path path = Files.writeString(folder.resolve(file), manifest);
        List<String> arguments = new ArrayList<>(
                List.of("batch", path.toString(), "-o", out().toString(), "--server", gateway.address()));
        arguments.addAll(List.of(options));
        return Run.of(arguments.toArray(String[]::new));
    }

    private Path out() {
        return folder.resolve("out");
    }

    private List<String> prompts() {
        return gateway.images.stream()
                .map(StreamGenerateImagesRequest::getParameters)
                .map(parameters -> parameters.getPrompt())
                .toList();
    }

    private List<JsonNode> results() throws IOException {
        List<JsonNode> results = new ArrayList<>();
        for (String line : Files.readAllLines(out().resolve("results.jsonl"))) {
            results.add(new ObjectMapper().readTree(line));
        }
        return results;
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(out())) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
