// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.onnx.ClipModel;
import dev.darkroom.inference.onnx.ExecutionProvider;
import dev.darkroom.inference.onnx.SessionSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** A CLIP folder of seeded noise, whose concepts are the testing pictures themselves. */
final class TestingModel {

    private static final Path SOURCE = Path.of("../inference/src/test/resources/tiny-clip");
    private static final JsonMapper JSON = new JsonMapper();

    private final Path folder;
    private final ObjectNode concepts = JSON.createObjectNode();

    private TestingModel(Path folder) {
        this.folder = folder;
        concepts.put("special_care_margin", 0.01);
        concepts.putArray("concepts");
    }

    /** Copies the model into a new folder; concepts are to be added. */
    static TestingModel in(Path folder) throws IOException {
        Files.createDirectories(folder);
        try (Stream<Path> files = Files.list(SOURCE)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
        return new TestingModel(folder);
    }

    static ClipModel load(Path folder) {
        return ClipModel.load(folder, new SessionSettings(ExecutionProvider.CPU, 1));
    }

    /** Adds a picture as a concept; the others are further from it than the threshold. */
    TestingModel concept(TestingPictures picture, String category, double threshold) {
        try (ClipModel model = load(folder)) {
            ObjectNode concept = ((ArrayNode) concepts.get("concepts")).addObject();
            concept.put("name", picture.name()).put("category", category).put("threshold", threshold);
            ArrayNode embedding = concept.putArray("embedding");
            for (float number : model.embedImage(picture.picture(), new Cancellation())) {
                embedding.add(number);
            }
        }
        return this;
    }

    Path write() {
        try {
            JSON.writeValue(folder.resolve("concepts.json").toFile(), concepts);
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
