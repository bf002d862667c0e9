// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

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
 * @param models folder names to load, the default first, {@code *} for all others, {@code *upscalers} for the upscalers among them; empty as {@code *}
 * @param threads of one network call; 0 is one for each processor
 * @param rowsPerCall most rows (a picture and its guidance are two) in one network call
 * @param lanes most network calls at the same time; 0 is one for each processor, up to four
 * @param probe whether to time the networks at the start, to find how many rows and lanes pay; without it rowsPerCall and one lane
 * @param maxSize of a side, in pixels
 * @param maxUpscaleSize of a side of a picture to enlarge, in pixels
 * @param vaeTileSize above how many latents a side pictures are decoded in tiles of that size; 0 for never
 * @param defaultNumInferenceSteps where the model folder does not say; 0 for what diffusers' pipeline of its class has
 * @param defaultGuidanceScale where the model folder does not say; below 0 for what diffusers' pipeline of its class has
 */
@ConfigurationProperties("darkroom.text2image")
record TextToImageConfiguration(
        @Bindable(defaultValue = "models") Path modelsDirectory,
        @Bindable(defaultValue = "") List<String> models,
        @Bindable(defaultValue = "CPU") ExecutionProvider executionProvider,
        @Bindable(defaultValue = "0") int threads,
        @Bindable(defaultValue = "16") int rowsPerCall,
        @Bindable(defaultValue = "0") int lanes,
        @Bindable(defaultValue = "true") boolean probe,
        @Bindable(defaultValue = "1024") int maxSize,
        @Bindable(defaultValue = "512") int maxUpscaleSize,
        @Bindable(defaultValue = "64") int vaeTileSize,
        @Bindable(defaultValue = "1000") int maxNumInferenceSteps,
        @Bindable(defaultValue = "16") int maxNumImagesPerPrompt,
        @Bindable(defaultValue = "2000") int maxPromptLength,
        @Bindable(defaultValue = "0") int defaultNumInferenceSteps,
        @Bindable(defaultValue = "-1") float defaultGuidanceScale) {

    TextToImageConfiguration {
        models = models.stream().filter(name -> !name.isBlank()).toList();
        requirePositive("rows-per-call", rowsPerCall);
        requireAtLeast("lanes", lanes, 0);
        requirePositive("max-size", maxSize);
        requireAtLeast("max-upscale-size", maxUpscaleSize, 8);
        requireAtLeast("vae-tile-size", vaeTileSize == 0 ? 8 : vaeTileSize, 8);
        requirePositive("max-num-inference-steps", maxNumInferenceSteps);
        requirePositive("max-num-images-per-prompt", maxNumImagesPerPrompt);
        requirePositive("max-prompt-length", maxPromptLength);
        requireAtLeast("default-num-inference-steps", defaultNumInferenceSteps, 0);
    }

    private static void requirePositive(String key, int value) {
        requireAtLeast(key, value, 1);
    }

    private static void requireAtLeast(String key, int value, int least) {
        if (value < least) {
            throw new IllegalArgumentException(
                    "darkroom.text2image." + key + " must be at least " + least + ", but was " + value);
        }
    }

    /** Returns what requests get that leave it out, of models whose folder does not say either. */
    PipelineDefaults over(PipelineDefaults defaults) {
        return new PipelineDefaults(
                defaultNumInferenceSteps > 0 ? defaultNumInferenceSteps : defaults.numInferenceSteps(),
                defaultGuidanceScale >= 0 ? defaultGuidanceScale : defaults.guidanceScale(),
                defaults.strength());
    }

    int mostLanes() {
        return lanes == 0 ? Math.min(4, Runtime.getRuntime().availableProcessors()) : lanes;
    }

    SessionSettings sessionSettings() {
        int every = Runtime.getRuntime().availableProcessors();
        return new SessionSettings(executionProvider, threads == 0 ? every : threads);
    }
}
