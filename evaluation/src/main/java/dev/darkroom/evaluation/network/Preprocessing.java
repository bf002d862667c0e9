// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.network;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.image.ImageProcessor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How pictures are prepared for a network.
 *
 * @param words the fields of preprocessor_config.json that decide, with its values
 */
record Preprocessing(ImageProcessor processor, String words) {
    private static final List<String> DECIDING =
            List.of("size", "resample", "crop_size", "do_center_crop", "image_mean", "image_std", "rescale_factor");

    static Preprocessing of(JsonNode config) {
        StringBuilder words = new StringBuilder();
        for (String field : DECIDING) {
            if (config.has(field)) {
                words.append(words.isEmpty() ? "" : ", ")
                        .append(field)
                        .append(' ')
                        .append(config.path(field));
            }
        }
        return new Preprocessing(
                ImageProcessor.of(config, "CLIPImageProcessor"),
                words.toString().replace("\"", ""));
    }

    /** Reads the file beside a graph, if there is one, or else brings pictures to the graph's size, bicubic, in [-1, 1]. */
    static Preprocessing beside(Path graph, long height, long width) {
        Path file = graph.toAbsolutePath().resolveSibling("preprocessor_config.json");
        if (Files.isRegularFile(file)) {
            return of(read(file));
        }
        if (height < 1 || width < 1) {
            throw new ModelDirectoryException(
                    "features",
                    "preprocessor_config.json beside " + graph.getFileName(),
                    "a size for pictures, which the graph leaves open",
                    "no such file");
        }
        ObjectNode config = JsonMapper.builder().build().createObjectNode();
        config.putObject("size").put("height", height).put("width", width);
        config.put("do_center_crop", false).put("resample", 3);
        for (String field : List.of("image_mean", "image_std")) {
            config.putArray(field).add(0.5).add(0.5).add(0.5);
        }
        return of(config);
    }

    private static JsonNode read(Path file) {
        try {
            return JsonMapper.builder().build().readTree(file.toFile());
        } catch (IOException e) {
            throw new ModelDirectoryException("features", file.getFileName().toString(), "readable JSON", "none");
        }
    }
}
