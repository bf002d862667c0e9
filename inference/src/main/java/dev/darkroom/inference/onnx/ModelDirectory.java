// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.darkroom.inference.ModelDirectoryException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A diffusers, Optimum or transformers model folder: its JSON, where its graphs lie, and what it says about itself. Reads on call and caches
 * nothing; immutable and thread-safe. No path that it returns leaves the folder, links resolved.
 */
public final class ModelDirectory {
    /** Python's infinities are read: diffusers writes them into scheduler_config.json. */
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    private static final Pattern LICENSE = Pattern.compile("(?m)^license:[ \\t]*[\"']?([^\"'\\r\\n]+?)[\"']?[ \\t]*$");

    private final Path root;

    private ModelDirectory(Path root) {
        this.root = root;
    }

    /**
     * Opens a folder that holds a {@code model_index.json}.
     *
     * @throws ModelDirectoryException if it does not
     */
    public static ModelDirectory open(Path folder) {
        return open(folder, "model_index.json");
    }

    /**
     * Opens a folder of a single transformers model, which holds a {@code config.json}.
     *
     * @throws ModelDirectoryException if it does not
     */
    public static ModelDirectory openTransformers(Path folder) {
        return open(folder, "config.json");
    }

    private static ModelDirectory open(Path folder, String mark) {
        try {
            ModelDirectory directory = new ModelDirectory(folder.toRealPath());
            directory.file("folder", mark);
            return directory;
        } catch (IOException e) {
            throw new ModelDirectoryException("folder", folder.toString(), "a model folder", "nothing readable");
        }
    }

    /** Returns the folder with links resolved. */
    public Path root() {
        return root;
    }

    /** Returns the folder's own name, by which requests name the model. */
    public String name() {
        return root.getFileName().toString();
    }

    /** Returns {@code model_index.json}. */
    public JsonNode index() {
        return json("folder", "model_index.json");
    }

    /** Returns {@code scheduler/scheduler_config.json}. A missing field means the default of the class in {@code _class_name}. */
    public JsonNode schedulerConfig() {
        return schedulerConfig("scheduler");
    }

    /** Returns {@code <component>/scheduler_config.json}, for folders with more than one scheduler. */
    public JsonNode schedulerConfig(String component) {
        return json(component, component + "/scheduler_config.json");
    }

    /** Returns {@code <component>/tokenizer_config.json}. */
    JsonNode tokenizerConfig(String component) {
        return json(component, component + "/tokenizer_config.json");
    }

    /** Returns {@code config.json} of a transformers folder. */
    public JsonNode config() {
        return json("folder", "config.json");
    }

    /** Returns {@code generation_config.json} of a transformers folder, empty if there is none. */
    public JsonNode generationConfig() {
        return optionalJson("generation_config.json");
    }

    /** Returns a JSON file of the folder, an empty object if there is none. */
    public JsonNode optionalJson(String file) {
        return has(file) ? json("folder", file) : JSON.createObjectNode();
    }

    /** Returns {@code preprocessor_config.json} of a transformers folder. */
    public JsonNode preprocessorConfig() {
        return json("preprocessor", "preprocessor_config.json");
    }

    /** Returns {@code <component>/config.json}. */
    public JsonNode config(String component) {
        return json(component, component + "/config.json");
    }

    /**
     * Returns the first of {@code candidates}, paths relative to the folder, that is a file in it.
     *
     * @throws ModelDirectoryException naming {@code component} if none is, or one leads out of the folder
     */
    public Path file(String component, String... candidates) {
        for (String candidate : candidates) {
            Path path = root.resolve(candidate);
            if (Files.isRegularFile(path)) {
                return inside(component, path);
            }
        }
        throw new ModelDirectoryException(component, String.join(" or ", candidates), "a file", "none");
    }

    /** Tells whether one of {@code candidates} is a file in the folder. */
    boolean has(String... candidates) {
        return Arrays.stream(candidates).map(root::resolve).anyMatch(Files::isRegularFile);
    }

    private Path inside(String component, Path path) {
        try {
            Path real = path.toRealPath();
            if (!real.startsWith(root)) {
                throw new ModelDirectoryException(
                        component,
                        root.relativize(path).toString(),
                        "a file in the folder",
                        "a path that leads out of it");
            }
            return real;
        } catch (IOException e) {
            throw new ModelDirectoryException(component, root.relativize(path).toString(), "a readable file", "none");
        }
    }

    /** Returns the subjects that the model can draw, one per line of {@code known_subjects}; empty if it makes no such claim. */
    public List<String> knownSubjects() {
        return text("known_subjects")
                .lines()
                .map(String::strip)
                .filter(s -> !s.isEmpty())
                .toList();
    }

    /** Returns the licence identifier in the front matter of {@code README.md}, if any. */
    public Optional<String> license() {
        Matcher matcher = LICENSE.matcher(text("README.md"));
        return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    private String text(String optional) {
        Path path = root.resolve(optional);
        try {
            return Files.isRegularFile(path) ? Files.readString(inside("folder", path)) : "";
        } catch (IOException e) {
            throw new ModelDirectoryException("folder", optional, "UTF-8 text", "unreadable");
        }
    }

    private JsonNode json(String component, String relative) {
        Path path = file(component, relative);
        try {
            JsonNode node = JSON.readTree(path.toFile());
            if (!node.isObject()) {
                throw new ModelDirectoryException(
                        component, relative, "a JSON object", node.getNodeType().toString());
            }
            return node;
        } catch (JsonProcessingException e) {
            throw new ModelDirectoryException(component, relative, "JSON", "an error at " + position(e));
        } catch (IOException e) {
            throw new ModelDirectoryException(component, relative, "a readable file", "an I/O error");
        }
    }

    private static String position(JsonProcessingException e) {
        return e.getLocation() == null ? "its start" : "line " + e.getLocation().getLineNr();
    }
}
