// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What has been made in a folder: {@code results.jsonl}, and, while a batch runs, {@code results.jsonl.partial} with every result as it comes, so that one
 * that was killed goes on where it was. Thread-safe.
 */
final class BatchJournal implements AutoCloseable {
    private static final String RESULTS = "results.jsonl";
    private static final JsonMapper JSON = new JsonMapper();

    /** What a result of ours may name; a file of results may come from anywhere. */
    private static final Pattern FILE_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._+-]*");

    private final Path folder;
    private final Path partial;
    private final Map<String, BatchResult> known = new HashMap<>();
    private final Writer journal;

    BatchJournal(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder);
        this.partial = folder.resolve(RESULTS + ".partial");
        read(folder.resolve(RESULTS));
        read(partial);
        this.journal = Files.newBufferedWriter(partial, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        journal.write('\n'); // after a line that was cut off
    }

    /** What had been made of an item, if it is still there. */
    Optional<BatchResult> find(String id, String key) {
        return Optional.ofNullable(known.get(id + " " + key)).filter(result -> result.isKept(folder));
    }

    /** Writes a result down at once. */
    synchronized void add(BatchResult result) throws IOException {
        journal.write(line(result));
        journal.flush();
    }

    /** Writes all results, in that order, and forgets the partial ones. */
    Path finish(List<BatchResult> results) throws IOException {
        Path file = folder.resolve(RESULTS);
        Path next = folder.resolve(RESULTS + ".next");
        try (Writer out = Files.newBufferedWriter(next)) {
            for (BatchResult result : results) {
                out.write(line(result));
            }
        }
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        close();
        Files.deleteIfExists(partial);
        return file;
    }

    private void read(Path file) throws IOException {
        if (Files.isRegularFile(file)) {
            for (String line : Files.readAllLines(file)) {
                remember(line);
            }
        }
    }

    private void remember(String line) {
        try {
            BatchResult result = JSON.readValue(line, BatchResult.class);
            if (result.files().stream().allMatch(name -> FILE_NAME.matcher(name).matches())) {
                known.put(result.id() + " " + result.key(), result);
            }
        } catch (JsonProcessingException _) {
            // cut off, or not ours: it is made again
        }
    }

    private static String line(BatchResult result) throws JsonProcessingException {
        return JSON.writeValueAsString(result) + "\n";
    }

    @Override
    public void close() throws IOException {
        journal.close();
    }
}
