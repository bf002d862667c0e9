// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.network;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.ModelDirectory;
import dev.darkroom.inference.onnx.SessionSettings;
import java.nio.file.Files;
import java.nio.file.Path;

/** Sees a picture as a row of numbers. Thread-safe; {@link #close} when no call is in progress. */
public interface FeatureNetwork extends AutoCloseable {
    /** Returns what values of different networks must not be mixed up by. */
    String name();

    /** Says how pictures are prepared for it, which a distance depends on. */
    String preprocessing();

    /**
     * Returns what the network sees in a picture of any size, always as many numbers.
     *
     * @throws java.util.concurrent.CancellationException within one graph node after {@code cancellation} is cancelled
     * @throws dev.darkroom.inference.InferenceException if the runtime fails
     */
    double[] features(RgbImage image, Cancellation cancellation);

    @Override
    void close();

    /**
     * Loads a CLIP folder, which gives its image embeddings, or any graph: an {@code .onnx} file or a folder with a {@code model.onnx}. The
     * caller closes it.
     *
     * @throws ModelDirectoryException if it is neither, or does not fit
     */
    static FeatureNetwork load(Path model, SessionSettings settings) {
        if (isClip(model)) {
            return ClipFeatures.load(model, settings);
        }
        Path graph = Files.isDirectory(model) ? model.resolve("model.onnx") : model;
        if (!Files.isRegularFile(graph)) {
            throw new ModelDirectoryException(
                    "features", model.toString(), "a CLIP folder, an .onnx file or a folder with a model.onnx", "none");
        }
        return OnnxFeatures.load(graph, settings);
    }

    private static boolean isClip(Path model) {
        return Files.isRegularFile(model.resolve("config.json"))
                && ModelDirectory.openTransformers(model)
                        .config()
                        .path("model_type")
                        .asText("")
                        .startsWith("clip");
    }

    static double[] widened(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }
}
