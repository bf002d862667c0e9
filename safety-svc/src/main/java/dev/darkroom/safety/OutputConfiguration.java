// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import dev.darkroom.inference.image.ImageLimits;
import dev.darkroom.inference.onnx.ExecutionProvider;
import dev.darkroom.inference.onnx.SessionSettings;
import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.core.bind.annotation.Bindable;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The keys of the check of pictures; {@code application.yml} describes them.
 *
 * @param modelsDirectory folder of model folders
 * @param model folder of the CLIP model, in the folder of models or anywhere; {@code auto} for the pocket model where there is one, empty
 *     or {@code none} for none
 * @param concepts file; empty for the one in the model's folder
 * @param maxSize of a side, in pixels
 * @param maxBytes of a file
 * @param threads of one look; 0 is one for each processor
 */
@ConfigurationProperties("darkroom.safety.output")
record OutputConfiguration(
        @Bindable(defaultValue = "models") Path modelsDirectory,
        @Bindable(defaultValue = OutputConfiguration.AUTO) String model,
        @Bindable(defaultValue = "") String concepts,
        @Bindable(defaultValue = "8192") int maxSize,
        @Bindable(defaultValue = "67108864") int maxBytes,
        @Bindable(defaultValue = "0") int threads) {

    static final String AUTO = "auto";
    private static final String NONE = "none";
    private static final String POCKET_MODEL = "pocket-clip";

    OutputConfiguration {
        requireAtLeast(1, "max-size", maxSize);
        requireAtLeast(1, "max-bytes", maxBytes);
        requireAtLeast(0, "threads", threads);
    }

    private static void requireAtLeast(int least, String key, int value) {
        if (value < least) {
            throw new IllegalArgumentException(
                    "darkroom.safety.output." + key + " must be at least " + least + ", but was " + value);
        }
    }

    /** The model's folder, null for none. A folder that was named is returned whether it is there or not. */
    @Nullable
    Path folder() {
        if (model.equals(AUTO)) {
            Path pocket = modelsDirectory.resolve(POCKET_MODEL);
            return Files.isDirectory(pocket) ? pocket : null;
        }
        return model.isBlank() || model.equals(NONE) ? null : modelsDirectory.resolve(model);
    }

    Path conceptsFile(Path folder) {
        return concepts.isBlank() ? folder.resolve("concepts.json") : Path.of(concepts);
    }

    ImageLimits limits() {
        return new ImageLimits(1, maxSize, maxBytes);
    }

    SessionSettings sessionSettings() {
        int every = Runtime.getRuntime().availableProcessors();
        return new SessionSettings(ExecutionProvider.CPU, threads == 0 ? every : threads);
    }
}
