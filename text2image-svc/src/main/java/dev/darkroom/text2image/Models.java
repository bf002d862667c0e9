// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.onnx.ModelDirectory;
import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.Preparation;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The loaded models. Thread-safe; empty until {@link #prepare} has returned, before which no request arrives. */
@Singleton
final class Models implements Preparation {
    private static final Logger LOG = LoggerFactory.getLogger(Models.class);

    private final TextToImageConfiguration configuration;
    private volatile List<TextToImageModel> loaded = List.of();

    Models(TextToImageConfiguration configuration) {
        this.configuration = configuration;
    }

    @Override
    public void prepare() throws IOException {
        for (Path folder : folders()) {
            long start = System.nanoTime();
            TextToImageModel model = TextToImageModel.load(folder, configuration);
            loaded = Stream.concat(loaded.stream(), Stream.of(model)).toList();
            LOG.info(
                    "event=model_loaded model={} load_ms={} rows_per_call={} digest={}",
                    model.name(),
                    (System.nanoTime() - start) / 1_000_000,
                    model.rowsPerCall(),
                    model.fingerprint().modelDigest());
        }
    }

    private List<Path> folders() throws IOException {
        Path root = configuration.modelsDirectory();
        List<Path> folders = configuration.models().isEmpty()
                ? modelFolders(root)
                : configuration.models().stream().map(root::resolve).toList();
        if (folders.isEmpty()) {
            throw new IOException(
                    "No Stable Diffusion folder (one whose model_index.json says so) in " + root.toAbsolutePath());
        }
        return folders;
    }

    private static List<Path> modelFolders(Path root) throws IOException {
        try (Stream<Path> children = Files.list(root)) {
            return children.filter(child -> Files.isRegularFile(child.resolve("model_index.json")))
                    .filter(Models::isTextToImage)
                    .sorted()
                    .toList();
        }
    }

    /** A hint for discovery only: a folder that the operator names is loaded whatever it calls itself. */
    private static boolean isTextToImage(Path folder) {
        return ModelDirectory.open(folder).index().path("_class_name").asText().endsWith("StableDiffusionPipeline");
    }

    List<TextToImageModel> all() {
        return loaded;
    }

    /** Returns the model of that name; an empty name means the first one. */
    TextToImageModel named(String name) {
        return loaded.stream()
                .filter(model -> name.isEmpty() || model.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new Fault.NotFound(
                        "MODEL_UNKNOWN",
                        "model",
                        name,
                        loaded.stream().map(TextToImageModel::name).toList()));
    }

    @PreDestroy
    void close() {
        List<TextToImageModel> closing = loaded;
        loaded = List.of();
        closing.forEach(TextToImageModel::close);
    }
}
