// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.diffusion.StepBatcher;
import dev.darkroom.inference.onnx.ModelDirectory;
import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.Preparation;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The loaded models. Thread-safe; empty until {@link #prepare} has returned, before which no request arrives. */
@Singleton
final class Models implements Preparation {
    private static final Logger LOG = LoggerFactory.getLogger(Models.class);
    private static final String CAPTIONER = "vision-encoder-decoder";
    private static final String ALIGNER = "clip";

    private final CaptionConfiguration configuration;
    private final StepBatcher batcher;
    private final List<Captioner> captioners = new ArrayList<>();
    private final List<Aligner> aligners = new ArrayList<>();

    Models(CaptionConfiguration configuration) {
        this.configuration = configuration;
        this.batcher = StepBatcher.start(configuration.mostLanes());
    }

    @Override
    public synchronized void prepare() throws IOException {
        for (Path folder : folders()) {
            load(folder);
        }
    }

    private List<Path> folders() throws IOException {
        Path root = configuration.modelsDirectory();
        List<Path> folders = configuration.models().isEmpty()
                ? modelFolders(root)
                : configuration.models().stream().map(root::resolve).toList();
        if (folders.isEmpty()) {
            throw new IOException("No folder whose config.json names model_type " + CAPTIONER + " or " + ALIGNER
                    + " in " + root.toAbsolutePath());
        }
        return folders;
    }

    private static List<Path> modelFolders(Path root) throws IOException {
        try (Stream<Path> children = Files.list(root)) {
            return children.filter(child -> Files.isRegularFile(child.resolve("config.json")))
                    .filter(child -> List.of(CAPTIONER, ALIGNER).contains(type(child)))
                    .sorted()
                    .toList();
        }
    }

    private static String type(Path folder) {
        return ModelDirectory.openTransformers(folder)
                .config()
                .path("model_type")
                .asText();
    }

    private void load(Path folder) throws IOException {
        long start = System.nanoTime();
        try {
            switch (type(folder)) {
                case CAPTIONER -> {
                    Captioner captioner = Captioner.load(folder, configuration);
                    captioners.add(captioner);
                    log("captioner", captioner.name(), start, captioner.rowsPerCall());
                }
                case ALIGNER -> {
                    Aligner aligner = Aligner.load(folder, configuration);
                    aligners.add(aligner);
                    log("alignment_model", aligner.name(), start, 1);
                }
                default ->
                    throw new IOException(folder + ": config.json, model_type is " + type(folder) + ", expected "
                            + CAPTIONER + " or " + ALIGNER);
            }
        } catch (InferenceException e) {
            throw new IOException(folder + ": " + e.getMessage(), e);
        }
    }

    private static void log(String kind, String name, long start, int rowsPerCall) {
        long millis = (System.nanoTime() - start) / 1_000_000;
        LOG.info("event={}_loaded model={} load_ms={} rows_per_call={}", kind, name, millis, rowsPerCall);
    }

    /** Returns what makes the calls of all captioners. */
    StepBatcher batcher() {
        return batcher;
    }

    synchronized List<Captioner> captioners() {
        return List.copyOf(captioners);
    }

    synchronized List<Aligner> aligners() {
        return List.copyOf(aligners);
    }

    /** Returns the captioner of that name; an empty name means the first one. */
    Captioner captioner(String name) {
        return find(captioners(), Captioner::name, "captioner", name);
    }

    /** Returns the alignment model of that name; an empty name means the first one. */
    Aligner aligner(String name) {
        return find(aligners(), Aligner::name, "alignment model", name);
    }

    private static <M> M find(List<M> models, Function<M, String> nameOf, String kind, String name) {
        return models.stream()
                .filter(model -> name.isEmpty() || nameOf.apply(model).equals(name))
                .findFirst()
                .orElseThrow(() -> new Fault.NotFound(
                        "MODEL_UNKNOWN", kind, name, models.stream().map(nameOf).toList()));
    }

    @PreDestroy
    synchronized void close() {
        batcher.close();
        captioners.forEach(Captioner::close);
        aligners.forEach(Aligner::close);
        captioners.clear();
        aligners.clear();
    }
}
