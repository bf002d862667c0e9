// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.onnx.ClipModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Over a model whose embeddings have 12 numbers. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConceptFileTest {

    private static final String EMBEDDING = "[3,4,0,0,0,0,0,0,0,0,0,0]";

    private Path folder;
    private ClipModel model;

    @BeforeAll
    void load(@TempDir Path temporary) throws IOException {
        folder = TestingModel.in(temporary.resolve("clip")).write();
        model = TestingModel.load(folder);
    }

    @AfterAll
    void close() {
        model.close();
    }

    @Test
    void parse_embedding_isBroughtToLengthOne() {
        Concepts concepts = parse(concept("\"threshold\": 0.25, \"special_care\": true, \"embedding\": " + EMBEDDING));

        Concept knife = concepts.all().getFirst();
        assertThat(concepts.specialCareMargin()).isEqualTo(0.01);
        assertThat(knife.name()).isEqualTo("knife");
        assertThat(knife.category()).isEqualTo("weapons");
        assertThat(knife.specialCare()).isTrue();
        assertThat(knife.score(new float[] {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}))
                .isCloseTo(0.6 - 0.25, within(1e-6));
    }

    @Test
    void parse_prompts_areTheMeanOfTheirEmbeddings() {
        Concept knife = parse(concept("\"threshold\": 0, \"prompts\": [\"a cat\", \"the fox in snow\"]"))
                .all()
                .getFirst();

        float[] cat = model.embedText("a cat", new Cancellation());
        float[] fox = model.embedText("the fox in snow", new Cancellation());
        double between = 0;
        for (int i = 0; i < cat.length; i++) {
            between += (double) cat[i] * fox[i];
        }
        double halfAngle = Math.acos(between) / 2;
        assertThat(knife.score(cat)).isCloseTo(Math.cos(halfAngle), within(1e-5));
        assertThat(knife.score(fox)).isCloseTo(Math.cos(halfAngle), within(1e-5));
    }

    @Test
    void parse_promptsWithoutTextTower_areRefused(@TempDir Path temporary) throws IOException {
        Path vision = TestingModel.in(temporary.resolve("vision")).write();
        Files.delete(vision.resolve("text_model.onnx"));
        try (ClipModel blind = TestingModel.load(vision)) {
            assertThatExceptionOfType(ModelDirectoryException.class)
                    .isThrownBy(() -> ConceptFile.parse(
                            concept("\"threshold\": 0, \"prompts\": [\"a cat\"]")
                                    .getBytes(StandardCharsets.UTF_8),
                            blind))
                    .withMessage(
                            "concepts: concepts[0].prompts: expected a model with a text tower, found vision without one");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    {} | concepts: concepts: expected a list of at least one concept, found none
                    {"concepts": []} | concepts: concepts: expected a list of at least one concept, found []
                    {"concept": []} | concepts: the file: expected no key beside [concepts, special_care_margin], found concept
                    [] | concepts: the file: expected a JSON object, found ARRAY
                    {"concepts": | concepts: the file: expected JSON, found an error at line 1
                    {"concepts": [1], "concepts": [2]} | concepts: the file: expected JSON, found an error at line 1
                    {"concepts": [{"name": "a", "category": "b", "treshold": 0}]} | concepts: concepts[0]: expected no key beside [category, embedding, name, prompts, special_care, threshold], found treshold
                    {"concepts": [{"category": "b", "threshold": 0}]} | concepts: concepts[0].name: expected a name that no other concept has, found none
                    {"concepts": [{"name": "a", "threshold": 0}]} | concepts: concepts[0].category: expected a category of the policies, found none
                    {"concepts": [{"name": "a", "category": "b"}]} | concepts: concepts[0].threshold: expected a number from -1 to 1, found none
                    {"concepts": [{"name": "a", "category": "b", "threshold": 2}]} | concepts: concepts[0].threshold: expected a number from -1 to 1, found 2
                    {"concepts": [{"name": "a", "category": "b", "threshold": 0, "special_care": 1}]} | concepts: concepts[0].special_care: expected true or false, found 1
                    {"concepts": [{"name": "a", "category": "b", "threshold": 0}]} | concepts: concepts[0]: expected either an embedding or prompts, found neither
                    {"concepts": [{"name": "a", "category": "b", "threshold": 0, "prompts": ["a"], "embedding": []}]} | concepts: concepts[0]: expected either an embedding or prompts, found both
                    {"concepts": [{"name": "a", "category": "b", "threshold": 0, "embedding": [1, 2]}]} | concepts: concepts[0].embedding: expected 12 numbers (projection_dim), found 2
                    {"concepts": [{"name": "a", "category": "b", "threshold": 0, "embedding": [0,0,0,0,0,0,0,0,0,0,0,0]}]} | concepts: concepts[0].embedding: expected a direction, found length 0.0
                    {"concepts": [{"name": "a", "category": "b", "threshold": 0, "prompts": []}]} | concepts: concepts[0].prompts: expected a list of at least one text, found []
                    {"concepts": [{"name": "a", "category": "b", "threshold": 0, "prompts": ["a"]}, {"name": "a", "category": "b", "threshold": 0, "prompts": ["a"]}]} | concepts: concepts[1].name: expected a name that no other concept has, found "a"
                    {"special_care_margin": -1, "concepts": [{"name": "a", "category": "b", "threshold": 0, "prompts": ["a"]}]} | concepts: special_care_margin: expected a number from 0 to 1, found -1
                    """)
    void parse_whatDoesNotFit_isRefusedNamingTheField(String file, String message) {
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> parse(file))
                .withMessage(message);
    }

    @Test
    void read_noFile_isRefused() {
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> ConceptFile.read(folder.resolve("nothing.json")))
                .withMessageEndingWith("nothing.json: expected a readable file, found none");
    }

    private Concepts parse(String file) {
        return ConceptFile.parse(file.getBytes(StandardCharsets.UTF_8), model);
    }

    private static String concept(String fields) {
        return "{\"concepts\": [{\"name\": \"knife\", \"category\": \"weapons\", " + fields + "}]}";
    }
}
