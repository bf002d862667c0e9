// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.batch;

import java.util.Locale;

/** How a manifest is written. */
public enum ManifestFormat {
    /** One JSON object on each line; also the input files of OpenAI's Batch API. */
    JSONL,
    /** A header that names the fields, then one row for each item (RFC 4180). */
    CSV,
    /** A list of items, or a mapping of {@code defaults} and {@code items}. */
    YAML;

    /**
     * Tells the format by the end of a file's name.
     *
     * @throws IllegalArgumentException if it is none of .jsonl, .ndjson, .csv, .yaml and .yml
     */
    public static ManifestFormat ofFile(String name) {
        String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return switch (extension) {
            case "jsonl", "ndjson" -> JSONL;
            case "csv" -> CSV;
            case "yaml", "yml" -> YAML;
            default ->
                throw new IllegalArgumentException(
                        "The name of a manifest must end in .jsonl, .csv or .yaml, but was " + name);
        };
    }
}
