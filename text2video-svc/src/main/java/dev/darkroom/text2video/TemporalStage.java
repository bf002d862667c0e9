// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.InterpolationModel;
import dev.darkroom.inference.video.FrameInterpolator;
import dev.darkroom.text2video.v1.UsedModel;
import java.nio.file.Path;

/** Draws frames between frames. Thread-safe. */
final class TemporalStage implements AutoCloseable {
    private final InterpolationModel model;
    private final FrameInterpolator interpolator;

    private TemporalStage(InterpolationModel model) {
        this.model = model;
        this.interpolator = new FrameInterpolator(model);
    }

    static TemporalStage load(Path folder, TextToVideoConfiguration configuration) {
        return new TemporalStage(InterpolationModel.load(folder, configuration.sessionSettings()));
    }

    UsedModel describe() {
        return UsedModel.newBuilder()
                .setName(model.directory().name())
                .setFingerprint(Fingerprints.toProto(model.fingerprint()))
                .build();
    }

    boolean isCut(RgbImage first, RgbImage second) {
        return interpolator.isCut(first, second);
    }

    /** Returns the frame at a time above 0 and below 1 between two of one scene, when its turn has come. */
    RgbImage between(RgbImage first, RgbImage second, float time, Work work) {
        return interpolator.between(first, second, time, work::run);
    }

    @Override
    public void close() {
        model.close();
    }
}
