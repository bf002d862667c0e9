// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import dev.darkroom.inference.image.ImageLimits;
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
 * @param models folder names to load, of each kind the default first; empty loads every folder, in the order of their names
 * @param threads of one network call; 0 is one for each processor
 * @param rowsPerCall most rows (a beam is one) in one call of a decoder
 * @param lanes most network calls of captioners at the same time; 0 is one for each processor, up to four
 * @param maxSize of a side of a picture, in pixels
 * @param maxImageBytes of an encoded picture
 * @param maxImages of one request
 * @param maxTexts of one request, labels included
 * @param minConfidence of a caption where neither request nor folder says
 * @param blockedTerms what no caption has
 */
@ConfigurationProperties("darkroom.caption")
record CaptionConfiguration(
        @Bindable(defaultValue = "models") Path modelsDirectory,
        @Bindable(defaultValue = "") List<String> models,
        @Bindable(defaultValue = "CPU") ExecutionProvider executionProvider,
        @Bindable(defaultValue = "0") int threads,
        @Bindable(defaultValue = "32") int rowsPerCall,
        @Bindable(defaultValue = "0") int lanes,
        @Bindable(defaultValue = "8192") int maxSize,
        @Bindable(defaultValue = "16777216") int maxImageBytes,
        @Bindable(defaultValue = "16") int maxImages,
        @Bindable(defaultValue = "256") int maxTexts,
        @Bindable(defaultValue = "16") int maxNumBeams,
        @Bindable(defaultValue = "16") int maxNumReturnSequences,
        @Bindable(defaultValue = "128") int maxNewTokens,
        @Bindable(defaultValue = "0") float minConfidence,
        @Bindable(defaultValue = "") List<String> blockedTerms) {

    CaptionConfiguration {
        models = models.stream().filter(name -> !name.isBlank()).toList();
        blockedTerms = blockedTerms.stream().filter(term -> !term.isBlank()).toList();
        requireAtLeast("threads", threads, 0);
        requireAtLeast("rows-per-call", rowsPerCall, 1);
        requireAtLeast("lanes", lanes, 0);
        requireAtLeast("max-size", maxSize, 1);
        requireAtLeast("max-image-bytes", maxImageBytes, 1);
        requireAtLeast("max-images", maxImages, 1);
        requireAtLeast("max-texts", maxTexts, 2);
        requireAtLeast("max-num-beams", maxNumBeams, 1);
        requireAtLeast("max-num-return-sequences", maxNumReturnSequences, 1);
        requireAtLeast("max-new-tokens", maxNewTokens, 1);
        if (!(minConfidence >= 0 && minConfidence <= 1)) {
            throw new IllegalArgumentException(
                    "darkroom.caption.min-confidence must be 0 to 1, but was " + minConfidence);
        }
    }

    private static void requireAtLeast(String key, int value, int least) {
        if (value < least) {
            throw new IllegalArgumentException(
                    "darkroom.caption." + key + " must be at least " + least + ", but was " + value);
        }
    }

    int mostLanes() {
        return lanes == 0 ? Math.min(4, Runtime.getRuntime().availableProcessors()) : lanes;
    }

    SessionSettings sessionSettings() {
        int every = Runtime.getRuntime().availableProcessors();
        return new SessionSettings(executionProvider, threads == 0 ? every : threads);
    }

    ImageLimits imageLimits() {
        return new ImageLimits(1, maxSize, maxImageBytes);
    }
}
