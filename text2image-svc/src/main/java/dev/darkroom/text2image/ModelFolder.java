// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.onnx.Fingerprint;
import dev.darkroom.inference.onnx.LatentDiffusionModel;
import dev.darkroom.inference.onnx.ModelDirectory;
import dev.darkroom.inference.scheduler.SchedulerConfig;
import dev.darkroom.inference.scheduler.SchedulerType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a model folder says of itself, whatever kind of model it is.
 *
 * @param pipeline class name in model_index.json
 * @param license as the folder's README states it, or empty
 * @param scheduler options as the pipeline reads them
 * @param defaults generation_defaults.json; an empty object where there is none
 */
record ModelFolder(
        String name,
        String pipeline,
        String license,
        SchedulerConfig scheduler,
        JsonNode defaults,
        Fingerprint fingerprint) {

    static ModelFolder of(LatentDiffusionModel networks, SchedulerConfig scheduler) {
        ModelDirectory directory = networks.directory();
        return new ModelFolder(
                directory.name(),
                directory.index().path("_class_name").asText(),
                directory.license().orElse(""),
                scheduler,
                generationDefaults(directory),
                networks.fingerprint());
    }

    private static JsonNode generationDefaults(ModelDirectory directory) {
        Path file = directory.root().resolve("generation_defaults.json");
        JsonMapper json = new JsonMapper();
        try {
            return Files.isRegularFile(file) ? json.readTree(file.toFile()) : json.createObjectNode();
        } catch (IOException e) {
            throw new ModelDirectoryException("folder", "generation_defaults.json", "JSON", "something else");
        }
    }

    /** Returns the label of the sampler that the folder was made for; empty if Darkroom does not have it. */
    String ownScheduler() {
        return ownSchedulerType().map(SchedulerType::label).orElse("");
    }

    private Optional<SchedulerType> ownSchedulerType() {
        try {
            return Optional.of(SchedulerType.of(scheduler));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
