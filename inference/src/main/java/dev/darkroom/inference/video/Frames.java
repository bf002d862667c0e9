// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.video;

import dev.darkroom.inference.image.RgbImage;

/** What the writers ask of frames. */
final class Frames {
    private Frames() {}

    static void requireSize(RgbImage frame, VideoSettings settings) {
        if (frame.width() != settings.width() || frame.height() != settings.height()) {
            throw new IllegalArgumentException(
                    frame + " in a clip of " + settings.width() + " x " + settings.height() + " pixels");
        }
    }
}
