// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

/**
 * The sessions of a folder with its fingerprint, as every kind of model loads them. Thread-safe; {@link #close} when no call is in
 * progress.
 */
final class ModelParts implements AutoCloseable {
    private final ModelDirectory directory;
    private final Map<String, OrtModel> sessions;
    private final Fingerprint fingerprint;

    private ModelParts(ModelDirectory directory, Map<String, OrtModel> sessions, Fingerprint fingerprint) {
        this.directory = directory;
        this.sessions = sessions;
        this.fingerprint = fingerprint;
    }

    /**
     * Loads sessions and digest side by side.
     *
     * @param checked makes the model, or refuses; the sessions are closed then
     * @throws ModelDirectoryException if the folder does not fit; nothing stays open
     * @throws InferenceException if the provider is not available
     */
    static <T> T load(ModelFiles files, SessionSettings settings, Function<ModelParts, T> checked) {
        OrtModel.requireProvider(settings);
        Map<String, Future<OrtModel>> loading = new TreeMap<>();
        Future<String> digest;
        try (ExecutorService workers =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().daemon().factory())) {
            files.graphs()
                    .forEach((component, graph) ->
                            loading.put(component, workers.submit(() -> OrtModel.load(component, graph, settings))));
            digest = workers.submit(files::digest);
        }
        try {
            Map<String, OrtModel> sessions = new TreeMap<>();
            loading.forEach((component, session) -> sessions.put(component, result(session)));
            Fingerprint fingerprint = Fingerprint.of(result(digest), settings);
            return checked.apply(new ModelParts(files.directory(), sessions, fingerprint));
        } catch (RuntimeException e) {
            discard(loading.values());
            throw e;
        }
    }

    private static <T> T result(Future<T> finished) {
        if (finished.state() == Future.State.SUCCESS) {
            return finished.resultNow();
        }
        if (finished.exceptionNow() instanceof RuntimeException e) {
            throw e;
        }
        throw new InferenceException("cannot load a model", finished.exceptionNow());
    }

    private static void discard(Collection<Future<OrtModel>> finished) {
        finished.stream()
                .filter(session -> session.state() == Future.State.SUCCESS)
                .forEach(session -> session.resultNow().close());
    }

    ModelDirectory directory() {
        return directory;
    }

    Fingerprint fingerprint() {
        return fingerprint;
    }

    /**
     * Reads a tokenizer.
     *
     * @param limit longest window; the folder's own may be shorter
     * @param otherwise class of transformers for folders that name none
     */
    Tokenizer tokenizer(String component, int limit, String otherwise) {
        Path folder = directory.root().resolve(component);
        return Tokenizer.load(folder, tokenizerClass(component, otherwise), limit);
    }

    private String tokenizerClass(String component, String otherwise) {
        JsonNode named = directory.index().path(component).path(1);
        return named.isTextual()
                ? named.textValue()
                : directory.tokenizerConfig(component).path("tokenizer_class").asText(otherwise);
    }

    boolean has(String component) {
        return sessions.containsKey(component);
    }

    GraphCheck check(String component) {
        return new GraphCheck(component, Objects.requireNonNull(sessions.get(component), component));
    }

    @Override
    public void close() {
        sessions.values().forEach(OrtModel::close);
    }
}
