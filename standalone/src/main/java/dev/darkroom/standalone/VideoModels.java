// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Tells text-to-video folders from others. */
final class VideoModels {
    /** As {@code model_index.json} names them; exporters put their own mark before. */
    private static final Pattern PIPELINES = Pattern.compile("(Onnx|ORT)?(TextToVideoSD|AnimateDiff)Pipeline");

    private VideoModels() {}

    /** Whether a folder has one among its folders. */
    static boolean anyIn(Path models) {
        if (!Files.isDirectory(models)) {
            return false;
        }
        try (Stream<Path> folders = Files.list(models)) {
            return folders.map(folder -> folder.resolve("model_index.json")).anyMatch(VideoModels::namesOne);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + models, e);
        }
    }

    /** A file that cannot be read is for the service that loads the folder to judge. */
    private static boolean namesOne(Path index) {
        try {
            return Files.isRegularFile(index)
                    && PIPELINES
                            .matcher(new JsonMapper()
                                    .readTree(index.toFile())
                                    .path("_class_name")
                                    .asText())
                            .matches();
        } catch (IOException e) {
            return false;
        }
    }
}
