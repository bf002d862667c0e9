// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.network;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.ClipModel;
import dev.darkroom.inference.onnx.SessionSettings;
import java.nio.file.Path;

/** The image embeddings of a CLIP folder, of length 1. */
final class ClipFeatures implements FeatureNetwork {
    private final ClipModel model;

    private ClipFeatures(ClipModel model) {
        this.model = model;
    }

    static ClipFeatures load(Path folder, SessionSettings settings) {
        return new ClipFeatures(ClipModel.load(folder, settings));
    }

    @Override
    public String name() {
        return model.directory().name() + " "
                + model.fingerprint().modelDigest().substring(0, 12);
    }

    @Override
    public String preprocessing() {
        return Preprocessing.of(model.directory().preprocessorConfig()).words();
    }

    @Override
    public double[] features(RgbImage image, Cancellation cancellation) {
        return FeatureNetwork.widened(model.embedImage(image, cancellation));
    }

    @Override
    public void close() {
        model.close();
    }
}
