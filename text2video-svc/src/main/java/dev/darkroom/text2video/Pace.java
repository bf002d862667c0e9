// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** How long a step or a frame of each stage took lately, for predictions. Thread-safe. */
final class Pace {
    private final Map<Key, Double> seconds = new ConcurrentHashMap<>();

    /**
     * What a time was measured of.
     *
     * @param width of base frames
     * @param height of base frames
     * @param numFrames of one step; frames take their time whatever their number
     */
    private record Key(Stage stage, String model, int width, int height, int numFrames) {
        static Key of(Stage stage, VideoRequest request) {
            int frames = stage == Stage.BASE_FRAMES ? request.numFrames() : 1;
            return new Key(stage, request.model(), request.width(), request.height(), frames);
        }
    }

    /** Returns the seconds of a step or frame; 0 where nothing like it was measured. */
    double secondsPerUnit(Stage stage, VideoRequest request) {
        return seconds.getOrDefault(Key.of(stage, request), 0.0);
    }

    void learn(Stage stage, VideoRequest request, double secondsPerUnit) {
        seconds.put(Key.of(stage, request), secondsPerUnit);
    }
}
