// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.darkroom.gateway.batch.ManifestItem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * One line of {@code results.jsonl}.
 *
 * @param id of the item
 * @param line of the manifest on which it stands
 * @param kind what was asked for
 * @param key digest of all that was asked for, the picture's bytes included: what has been made under it need not be made again
 * @param status DONE, HELD_BACK (some of it, by a safety policy) or FAILED
 * @param files names in the folder, in order
 * @param seeds of the pictures, in order
 * @param captions best first
 * @param error why it failed; empty where it did not
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
record BatchResult(
        String id,
        int line,
        String kind,
        String key,
        Status status,
        List<String> files,
        List<Long> seeds,
        List<String> captions,
        String error) {

    enum Status {
        DONE,
        HELD_BACK,
        FAILED
    }

    BatchResult {
        // Jackson leaves out what is empty, and gives null for it
        files = files == null ? List.of() : List.copyOf(files);
        seeds = seeds == null ? List.of() : List.copyOf(seeds);
        captions = captions == null ? List.of() : List.copyOf(captions);
        error = error == null ? "" : error;
    }

    static BatchResult failed(ManifestItem item, String key, String error) {
        return new BatchResult(
                item.id(), item.line(), item.kind().word(), key, Status.FAILED, List.of(), List.of(), List.of(), error);
    }

    /** Whether nothing is to be done for it any more. */
    boolean isKept(Path folder) {
        return status != Status.FAILED && files.stream().allMatch(file -> Files.isRegularFile(folder.resolve(file)));
    }
}
