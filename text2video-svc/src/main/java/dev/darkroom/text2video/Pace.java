// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** How long a step or a frame of each stage took lately for each pixel of the base frames, for predictions. Thread-safe. */
final class Pace {
    private final Map<Key, Double> secondsPerPixel = new ConcurrentHashMap<>();

    /** What a time was measured of. */
    private record Key(Stage stage, String model) {}

    /** Predicts the seconds of a step or frame; 0 where nothing like it was measured. */
    double secondsPerUnit(Stage stage, VideoRequest request) {
        return secondsPerPixel.getOrDefault(new Key(stage, request.model()), 0.0) * pixels(stage, request);
    }

    void learn(Stage stage, VideoRequest request, double secondsPerUnit) {
        secondsPerPixel.put(new Key(stage, request.model()), secondsPerUnit / pixels(stage, request));
    }

    /** A denoising step is one of all frames. */
    private static double pixels(Stage stage, VideoRequest request) {
        double frame = (double) request.width() * request.height();
        return stage == Stage.BASE_FRAMES ? frame * request.numFrames() : frame;
    }
}
