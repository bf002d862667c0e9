// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.ModelDirectoryException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.NavigableSet;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Where the parts of a diffusion folder lie, in either layout: Optimum's (a folder for each half of the VAE) or diffusers' own with graphs
 * beside the weights (both halves inside {@code vae}). Collects every file whose bytes decide the output. Not thread-safe.
 */
final class ModelFiles {
    private final ModelDirectory directory;
    private final SortedMap<String, Path> graphs = new TreeMap<>();
    private final NavigableSet<Path> deciding = new TreeSet<>();

    private ModelFiles(ModelDirectory directory) {
        this.directory = directory;
    }

    static ModelFiles of(ModelDirectory directory) {
        ModelFiles files = new ModelFiles(directory);
        files.deciding.add(directory.file("folder", "model_index.json"));
        return files;
    }

    /** Adds a component with a graph and a {@code config.json}. */
    ModelFiles graph(String component) {
        addGraph(component, graphFile(component));
        deciding.add(directory.file(component, component + "/config.json"));
        return this;
    }

    /** Any name will do for the only graph of a component: quantized exports go by many. */
    private Path graphFile(String component) {
        String usual = component + "/model.onnx";
        List<Path> present =
                directory.has(usual) ? List.of() : graphsIn(directory.root().resolve(component));
        return present.size() == 1
                ? directory.file(
                        component,
                        directory.root().relativize(present.getFirst()).toString())
                : directory.file(component, usual);
    }

    private static List<Path> graphsIn(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".onnx")).toList();
        } catch (IOException e) {
            return List.of(); // there is no such folder, which is said when its graph is asked for
        }
    }

    /** Adds the VAE's decoder and, if there is one, its encoder. */
    ModelFiles vae() {
        addGraph(
                "vae_decoder",
                directory.file(
                        "vae_decoder",
                        "vae_decoder/model.onnx",
                        "vae/decoder_model.onnx",
                        "vae/decoder.onnx",
                        "vae/model.onnx"));
        String[] encoder = {"vae_encoder/model.onnx", "vae/encoder_model.onnx", "vae/encoder.onnx"};
        if (directory.has(encoder)) {
            addGraph("vae_encoder", directory.file("vae_encoder", encoder));
        }
        deciding.add(vaeConfigFile(directory));
        return this;
    }

    private void addGraph(String component, Path graph) {
        graphs.put(component, graph);
        ModelDigest.addGraph(directory, component, graph, deciding);
    }

    ModelFiles tokenizer(String component) {
        directory.file(component, component + "/tokenizer_config.json");
        ModelDigest.addTokenizer(directory.root().resolve(component), deciding);
        return this;
    }

    /** Adds a folder with a {@code scheduler_config.json}. */
    ModelFiles scheduler(String component) {
        deciding.add(directory.file(component, component + "/scheduler_config.json"));
        return this;
    }

    static JsonNode vaeConfig(ModelDirectory directory) {
        return directory.config(
                directory.root().relativize(vaeConfigFile(directory)).getName(0).toString());
    }

    private static Path vaeConfigFile(ModelDirectory directory) {
        return directory.file("vae_decoder", "vae_decoder/config.json", "vae/config.json");
    }

    ModelDirectory directory() {
        return directory;
    }

    /** Returns the graphs by component. */
    SortedMap<String, Path> graphs() {
        return Collections.unmodifiableSortedMap(graphs);
    }

    /**
     * Returns SHA-256, in hexadecimal, of the deciding files.
     *
     * @throws ModelDirectoryException if one cannot be read
     */
    String digest() {
        return ModelDigest.of(directory, deciding);
    }
}
