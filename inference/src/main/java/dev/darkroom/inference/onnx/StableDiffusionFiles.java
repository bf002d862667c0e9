// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import com.fasterxml.jackson.databind.JsonNode;
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
import java.util.TreeSet;

/**
 * Where the parts of a Stable Diffusion folder lie, in either layout: Optimum's (a folder for the decoder) or diffusers' own with
 * graphs beside the weights (the decoder's inside {@code vae}).
 *
 * @param deciding every file whose bytes decide the output
 */
record StableDiffusionFiles(
        ModelDirectory directory,
        Path textEncoder,
        Path unet,
        Path vaeDecoder,
        Path tokenizer,
        NavigableSet<Path> deciding) {
    private static final List<String> TOKENIZER_FILES =
            List.of("vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json");

    static StableDiffusionFiles of(ModelDirectory directory) {
        Path textEncoder = directory.file("text_encoder", "text_encoder/model.onnx");
        Path unet = directory.file("unet", "unet/model.onnx");
        Path vaeDecoder = directory.file(
                "vae_decoder",
                "vae_decoder/model.onnx",
                "vae/decoder_model.onnx",
                "vae/decoder.onnx",
                "vae/model.onnx");
        directory.file("tokenizer", "tokenizer/tokenizer_config.json");
        Path tokenizer = directory.root().resolve("tokenizer");
        NavigableSet<Path> deciding = new TreeSet<>();
        deciding.add(directory.file("folder", "model_index.json"));
        deciding.add(directory.file("scheduler", "scheduler/scheduler_config.json"));
        deciding.add(directory.file("text_encoder", "text_encoder/config.json"));
        deciding.add(directory.file("unet", "unet/config.json"));
        deciding.add(directory.file("vae_decoder", "vae_decoder/config.json", "vae/config.json"));
        TOKENIZER_FILES.stream()
                .map(tokenizer::resolve)
                .filter(Files::isRegularFile)
                .forEach(deciding::add);
        addGraph(directory, "text_encoder", textEncoder, deciding);
        addGraph(directory, "unet", unet, deciding);
        addGraph(directory, "vae_decoder", vaeDecoder, deciding);
        return new StableDiffusionFiles(directory, textEncoder, unet, vaeDecoder, tokenizer, deciding);
    }

    /** Adds a graph and the files that hold its weights, which must lie in the model folder too. */
    private static void addGraph(ModelDirectory directory, String component, Path graph, NavigableSet<Path> deciding) {
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

    static JsonNode vaeConfig(ModelDirectory directory) {
        Path config = directory.file("vae_decoder", "vae_decoder/config.json", "vae/config.json");
        return directory.config(directory.root().relativize(config).getName(0).toString());
    }

    /** Returns SHA-256, in hexadecimal, over each file's relative name, length and bytes, in the order of the names. */
    String digest() {
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
