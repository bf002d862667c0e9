// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.gateway.batch.Manifest;
import dev.darkroom.gateway.batch.ManifestItem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Makes what is missing of a batch, several items at a time, and writes each result down as it comes. One use, one thread. */
final class BatchRun {
    private final Manifest manifest;
    private final BatchMaker maker;
    private final BatchJournal journal;
    private final Map<Integer, BatchResult> results = new TreeMap<>();

    BatchRun(Manifest manifest, BatchMaker maker, BatchJournal journal) throws IOException {
        this.manifest = manifest;
        this.maker = maker;
        this.journal = journal;
        for (ManifestItem item : manifest.items()) {
            Optional<BatchResult> made = journal.find(item.id(), BatchMaker.key(item, maker.image(item)));
            made.ifPresent(result -> results.put(item.index(), result));
        }
    }

    /** How many items were made by an earlier run. */
    int kept() {
        return results.size();
    }

    /** What is to be made: each item that is missing, and of those that are the same only the first. */
    List<ManifestItem> missing() {
        return manifest.items().stream()
                .filter(item -> !results.containsKey(item.original()) && item.index() == item.original())
                .toList();
    }

    /** Returns the results of all items, in the order of the manifest. */
    List<BatchResult> run(int parallel, Progress progress) throws IOException, InterruptedException {
        List<ManifestItem> missing = missing();
        try (ExecutorService threads = Executors.newFixedThreadPool(parallel)) {
            var done = new ExecutorCompletionService<Made>(threads);
            missing.forEach(item -> done.submit(() -> new Made(item, maker.make(item))));
            try {
                for (int i = 1; i <= missing.size(); i++) {
                    take(done.take().get());
                    progress.count("Making", i, missing.size());
                }
            } catch (ExecutionException e) {
                threads.shutdownNow();
                throw cause(e);
            } catch (IOException | InterruptedException e) {
                threads.shutdownNow();
                throw e;
            }
        } finally {
            progress.clear();
        }
        copyToTheSame();
        return new ArrayList<>(results.values());
    }

    private record Made(ManifestItem item, BatchResult result) {}

    private void take(Made made) throws IOException {
        results.put(made.item().index(), made.result());
        journal.add(made.result());
    }

    private void copyToTheSame() throws IOException {
        for (ManifestItem item : manifest.items()) {
            BatchResult made = results.get(item.original());
            if (!results.containsKey(item.index()) && made != null) {
                take(new Made(item, maker.copy(made, item)));
            }
        }
    }

    private static IOException cause(ExecutionException e) {
        return switch (e.getCause()) {
            case IOException io -> io;
            case RuntimeException unexpected -> throw unexpected;
            case null, default -> new IOException(e);
        };
    }
}
