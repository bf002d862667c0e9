// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import java.nio.file.Path;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * Where the parts of a CLIP folder lie: a graph for each tower (darkroom-export, transformers.js), or one for both (Optimum).
 *
 * @param graphs one or two
 * @param deciding every file whose bytes decide the output
 */
record ClipFiles(ModelDirectory directory, List<Part> graphs, NavigableSet<Path> deciding) {
    private static final String[] VISION = {"vision_model.onnx", "onnx/vision_model.onnx"};
    private static final String[] TEXT = {"text_model.onnx", "onnx/text_model.onnx"};
    private static final String[] JOINT = {"model.onnx", "onnx/model.onnx"};

    /** A graph: of one tower, or of both. */
    record Part(String component, Path graph, boolean vision, boolean text) {}

    static ClipFiles of(ModelDirectory directory) {
        List<Part> graphs = graphs(directory);
        NavigableSet<Path> deciding = new TreeSet<>();
        deciding.add(directory.file("folder", "config.json"));
        deciding.add(directory.file("preprocessor", "preprocessor_config.json"));
        for (Part part : graphs) {
            ModelDigest.addGraph(directory, part.component, part.graph, deciding);
            if (part.text) {
                directory.file("tokenizer", "tokenizer_config.json");
                ModelDigest.addTokenizer(directory.root(), deciding);
            }
        }
        return new ClipFiles(directory, graphs, deciding);
    }

    private static List<Part> graphs(ModelDirectory directory) {
        if (!directory.has(VISION) && directory.has(JOINT)) {
            return List.of(new Part("model", directory.file("model", JOINT), true, true));
        }
        Part vision = new Part("vision_model", directory.file("vision_model", VISION), true, false);
        return directory.has(TEXT)
                ? List.of(vision, new Part("text_model", directory.file("text_model", TEXT), false, true))
                : List.of(vision);
    }

    String digest() {
        return ModelDigest.of(directory, deciding);
    }
}
