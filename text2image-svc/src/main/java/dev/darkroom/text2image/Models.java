// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The loaded models. Thread-safe; empty until {@link #prepare} has returned, before which no request arrives. */
@Singleton
final class Models implements Preparation {
    private static final Logger LOG = LoggerFactory.getLogger(Models.class);

    private static final String ALL = "*";
    private static final String UPSCALERS = "*upscalers";

    private final TextToImageConfiguration configuration;
    private final StepBatcher batcher;
    private volatile List<LoadedModel> loaded = List.of();

    Models(TextToImageConfiguration configuration) {
        this.configuration = configuration;
        this.batcher = StepBatcher.start(configuration.mostLanes());
    }

    /**
     * Loads all folders at the same time, since each reads and optimises its graphs on one thread, and then times their networks one after the
     * other.
     */
    @Override
    public void prepare() throws IOException {
        List<CompletableFuture<LoadedModel>> loading;
        try (ExecutorService loaders =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().daemon().factory())) {
            loading = folders().stream()
                    .map(folder -> CompletableFuture.supplyAsync(() -> load(folder), loaders))
                    .toList();
        }
        List<RuntimeException> failures = new ArrayList<>();
        for (CompletableFuture<LoadedModel> model : loading) {
            try {
                loaded = Stream.concat(loaded.stream(), Stream.of(model.join())).toList();
            } catch (CompletionException e) {
                failures.add(e.getCause() instanceof RuntimeException failure ? failure : e);
            }
        }
        if (!failures.isEmpty()) {
            throw failures.getFirst();
        }
        if (configuration.probe()) {
            loaded.forEach(this::tune);
        }
    }

    private void tune(LoadedModel model) {
        long start = System.nanoTime();
        model.tune(batcher.lanes());
        LOG.info(
                "event={}_tuned model={} tune_ms={} rows_per_call={} lanes={} threads={} row_ms={}",
                model.kind(),
                model.folder().name(),
                (System.nanoTime() - start) / 1_000_000,
                model.denoiser().rowsPerCall(),
                model.denoiser().lanes(),
                configuration.sessionSettings().intraOpThreads(),
                Math.round(10_000 * model.denoiser().secondsPerRow()) / 10.0);
    }

    /** Returns what makes the network calls of all requests. */
    StepBatcher batcher() {
        return batcher;
    }

    private LoadedModel load(Path folder) {
        long start = System.nanoTime();
        LoadedModel model = isUpscaler(folder)
                ? UpscalerModel.load(folder, configuration)
                : TextToImageModel.load(folder, configuration);
        LOG.info(
                "event={}_loaded model={} load_ms={} rows_per_call={} digest={}",
                model.kind(),
                model.folder().name(),
                (System.nanoTime() - start) / 1_000_000,
                model.denoiser().rowsPerCall(),
                model.folder().fingerprint().modelDigest());
        return model;
    }

    private List<Path> folders() throws IOException {
        Path root = configuration.modelsDirectory();
        List<String> names = configuration.models().isEmpty() ? List.of(ALL) : configuration.models();
        List<Path> all = names.stream().anyMatch(name -> name.startsWith(ALL)) ? modelFolders(root) : List.of();
        List<Path> folders = names.stream()
                .flatMap(name -> switch (name) {
                    case ALL -> all.stream();
                    case UPSCALERS -> all.stream().filter(Models::isUpscaler);
                    default -> Stream.of(root.resolve(name));
                })
                .distinct()
                .toList();
        if (folders.isEmpty()) {
            throw new IOException(
                    "No folder whose model_index.json names a pipeline that Darkroom has in " + root.toAbsolutePath());
        }
        return folders;
    }

    private static List<Path> modelFolders(Path root) throws IOException {
        try (Stream<Path> children = Files.list(root)) {
            return children.filter(child -> Files.isRegularFile(child.resolve("model_index.json")))
                    .filter(child -> isTextToImage(child) || isUpscaler(child))
                    .sorted()
                    .toList();
        }
    }

    private static boolean isTextToImage(Path folder) {
        return Families.has(pipeline(folder));
    }

    private static boolean isUpscaler(Path folder) {
        return pipeline(folder).endsWith("StableDiffusionUpscalePipeline");
    }

    private static String pipeline(Path folder) {
        return ModelDirectory.open(folder).index().path("_class_name").asText();
    }

    List<TextToImageModel> textToImage() {
        return of(TextToImageModel.class);
    }

    List<UpscalerModel> upscalers() {
        return of(UpscalerModel.class);
    }

    private <M extends LoadedModel> List<M> of(Class<M> kind) {
        return loaded.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    /** Returns the text-to-image model of that name; an empty name means the first one. */
    TextToImageModel named(String name) {
        return find(textToImage(), "model", name);
    }

    /** Returns the refiner of that name. */
    TextToImageModel refiner(String name) {
        return find(
                textToImage().stream()
                        .filter(model -> model.pipeline() instanceof StableDiffusionXlRefinerPipeline)
                        .toList(),
                "refiner",
                name);
    }

    /** Returns the upscaler of that name; an empty name means the first one. */
    UpscalerModel upscaler(String name) {
        return find(upscalers(), "upscaler", name);
    }

    private static <M extends LoadedModel> M find(List<M> models, String kind, String name) {
        return models.stream()
                .filter(model -> name.isEmpty() || model.folder().name().equals(name))
                .findFirst()
                .orElseThrow(() -> new Fault.NotFound(
                        "MODEL_UNKNOWN",
                        kind,
                        name,
                        models.stream().map(model -> model.folder().name()).toList()));
    }

    @PreDestroy
    void close() {
        List<LoadedModel> closing = loaded;
        loaded = List.of();
        batcher.close();
        closing.forEach(LoadedModel::close);
    }
}
