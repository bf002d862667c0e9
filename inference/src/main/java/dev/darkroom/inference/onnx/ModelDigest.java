// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import dev.darkroom.inference.ModelDirectoryException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.NavigableSet;

/** Names a model by the files that decide its output. */
final class ModelDigest {
    private static final List<String> TOKENIZER_FILES = List.of(
            "vocab.json",
            "merges.txt",
            "spiece.model",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json");

    private ModelDigest() {}

    /** Adds a graph and the files that hold its weights, which must lie in the model folder too. */
    static void addGraph(ModelDirectory directory, String component, Path graph, NavigableSet<Path> deciding) {
        deciding.add(graph);
        for (String location : ExternalData.locations(component, graph)) {
            Path weights = graph.resolveSibling(location).normalize();
            if (!weights.startsWith(directory.root())) {
                throw new ModelDirectoryException(
                        component, location, "a file in the folder", "a path that leads out of it");
            }
            deciding.add(directory.file(
                    component, directory.root().relativize(weights).toString()));
        }
    }

    /** Adds what a tokenizer reads of its folder. */
    static void addTokenizer(Path tokenizer, NavigableSet<Path> deciding) {
        TOKENIZER_FILES.stream()
                .map(tokenizer::resolve)
                .filter(Files::isRegularFile)
                .forEach(deciding::add);
    }

    /** Returns SHA-256, in hexadecimal, over each file's relative name, length and bytes, in the order of the names. */
    static String of(ModelDirectory directory, NavigableSet<Path> deciding) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 16];
            for (Path file : deciding) {
                String head = directory.root().relativize(file) + "\n" + Files.size(file) + "\n";
                sha256.update(head.getBytes(StandardCharsets.UTF_8));
                update(sha256, file, buffer);
            }
            return HexFormat.of().formatHex(sha256.digest());
        } catch (IOException e) {
            throw new ModelDirectoryException("folder", "its files", "readable", "an I/O error");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    private static void update(MessageDigest digest, Path file, byte[] buffer) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
        }
    }
}
