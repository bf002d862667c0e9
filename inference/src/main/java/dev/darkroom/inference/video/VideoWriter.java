// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.video;

import dev.darkroom.inference.image.RgbImage;

/**
 * Writes a clip to a file, frame by frame; what it keeps does not grow with the number of frames, but for the small index of a container. Equal
 * frames and settings give equal bytes under the same build of the natives. Used by one thread; whoever opened it closes it.
 */
public sealed interface VideoWriter extends AutoCloseable permits FfmpegWriter, PngZipWriter {
    /**
     * Adds the next frame.
     *
     * @throws IllegalArgumentException if it has another size than the settings say
     * @throws dev.darkroom.inference.InferenceException if it cannot be encoded or written
     */
    void add(RgbImage frame);

    /** Completes the file after the last frame, of at least one. */
    void finish();

    /** Frees what it holds. A file that was not finished is of no use. */
    @Override
    void close();
}
