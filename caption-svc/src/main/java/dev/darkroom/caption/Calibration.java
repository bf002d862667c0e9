// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.generation.GeneratedTokens;
import dev.darkroom.inference.onnx.ModelDirectory;

/**
 * How a model's probabilities become the chance that its caption is right (temperature scaling, Guo et al. 2017, arXiv:1706.04599): from
 * {@code caption_calibration.json}, {@code {"temperature": 1.4, "threshold": 0.3}}. A caption's confidence is exp(log-probability / temperature), the
 * log-probability summed over its tokens, the end included. Without that file it is the geometric mean of its tokens' probabilities, which ranks
 * captions and promises nothing.
 *
 * @param isKnown whether the folder has the file
 * @param temperature above 0
 * @param threshold of the confidence below which a caption is not shown unasked, 0 to 1
 */
record Calibration(boolean isKnown, double temperature, float threshold) {
    private static final String FILE = "caption_calibration.json";

    /**
     * Reads the folder.
     *
     * @throws ModelDirectoryException if the file does not fit
     */
    static Calibration of(ModelDirectory directory, float otherwise) {
        JsonNode file = directory.optionalJson(FILE);
        double temperature = file.path("temperature").asDouble(1);
        double least = file.path("threshold").asDouble(otherwise);
        if (!(temperature > 0 && temperature < Double.POSITIVE_INFINITY)) {
            throw new ModelDirectoryException(
                    "folder",
                    FILE + ", temperature",
                    "above 0",
                    file.path("temperature").toString());
        }
        if (!(least >= 0 && least <= 1)) {
            throw new ModelDirectoryException("folder", FILE + ", threshold", "0 to 1", Double.toString(least));
        }
        return new Calibration(!file.isEmpty(), temperature, (float) least);
    }

    float confidence(GeneratedTokens caption) {
        double logarithm =
                caption.logProb() / (isKnown ? temperature : caption.tokens().size());
        return (float) Math.exp(Math.min(0, logarithm));
    }
}
