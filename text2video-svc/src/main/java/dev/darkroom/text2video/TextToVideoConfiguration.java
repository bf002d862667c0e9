// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import dev.darkroom.inference.onnx.ExecutionProvider;
import dev.darkroom.inference.onnx.SessionSettings;
import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.core.bind.annotation.Bindable;
import java.nio.file.Path;
import java.util.List;

/**
 * What the operator decides; application.yml explains each key.
 *
 * @param modelsDirectory folder of model folders
 * @param models names of text-to-video folders to load, the default first; empty for all
 * @param upscaler name of a folder; empty for the first one there, {@code none} for none
 * @param interpolator name of a folder, likewise
 * @param workDirectory folder for clips while they are written and sent; empty for the JVM's temporary one
 * @param threads of one network call; 0 is one for each processor
 * @param rowsPerCall most rows (a window of frames and its guidance are two) in one network call
 * @param lanes most network calls at the same time; 0 is one for each processor, up to four
 * @param probe whether to time the networks at the start, to find how many rows and lanes pay
 * @param maxSize of a side of base frames, in pixels
 * @param maxNumFrames most base frames
 * @param vaeTileSize above how many latents a side frames are decoded in tiles of that size; 0 for never
 */
@ConfigurationProperties("darkroom.text2video")
record TextToVideoConfiguration(
        @Bindable(defaultValue = "models") Path modelsDirectory,
        @Bindable(defaultValue = "") List<String> models,
        @Bindable(defaultValue = "") String upscaler,
        @Bindable(defaultValue = "") String interpolator,
        @Bindable(defaultValue = "") String workDirectory,
        @Bindable(defaultValue = "CPU") ExecutionProvider executionProvider,
        @Bindable(defaultValue = "0") int threads,
        @Bindable(defaultValue = "4") int rowsPerCall,
        @Bindable(defaultValue = "0") int lanes,
        @Bindable(defaultValue = "true") boolean probe,
        @Bindable(defaultValue = "256") int maxSize,
        @Bindable(defaultValue = "240") int maxNumFrames,
        @Bindable(defaultValue = "64") int vaeTileSize,
        @Bindable(defaultValue = "1000") int maxNumInferenceSteps,
        @Bindable(defaultValue = "2000") int maxPromptLength) {
    static final String NONE = "none";

    TextToVideoConfiguration {
        models = models.stream().filter(name -> !name.isBlank()).toList();
        requireAtLeast("rows-per-call", rowsPerCall, 1);
        requireAtLeast("lanes", lanes, 0);
        requireAtLeast("max-size", maxSize, 1);
        requireAtLeast("max-num-frames", maxNumFrames, 1);
        requireAtLeast("vae-tile-size", vaeTileSize == 0 ? 8 : vaeTileSize, 8);
        requireAtLeast("max-num-inference-steps", maxNumInferenceSteps, 1);
        requireAtLeast("max-prompt-length", maxPromptLength, 1);
    }

    private static void requireAtLeast(String key, int value, int least) {
        if (value < least) {
            throw new IllegalArgumentException(
                    "darkroom.text2video." + key + " must be at least " + least + ", but was " + value);
        }
    }

    /** Returns the folder for clips on their way. */
    Path clips() {
        return Path.of(workDirectory.isEmpty() ? System.getProperty("java.io.tmpdir") : workDirectory);
    }

    int mostLanes() {
        return lanes == 0 ? Math.min(4, Runtime.getRuntime().availableProcessors()) : lanes;
    }

    SessionSettings sessionSettings() {
        int every = Runtime.getRuntime().availableProcessors();
        return new SessionSettings(executionProvider, threads == 0 ? every : threads);
    }
}
