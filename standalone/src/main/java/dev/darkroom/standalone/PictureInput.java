// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.google.protobuf.ByteString;
import dev.darkroom.inference.image.ImageDecoder;
import dev.darkroom.inference.image.ImageLimits;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.image.UnreadableImageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/** Pictures that a command takes in. */
final class PictureInput {
    /** What the gateway takes; a larger file is not even read. */
    private static final long MAX_BYTES = 16L << 20;

    private static final int MAX_SIZE = 16_384; // pixels of a side

    private PictureInput() {}

    /** Decodes a picture; nothing if that is none, which the gateway says better. */
    static Optional<RgbImage> decode(ByteString file) {
        try {
            var limits = new ImageLimits(1, MAX_SIZE, Math.toIntExact(MAX_BYTES));
            return Optional.of(ImageDecoder.decode(file.toByteArray(), limits).image());
        } catch (UnreadableImageException e) {
            return Optional.empty();
        }
    }

    /**
     * Refuses to go on without a file.
     *
     * @throws IllegalArgumentException if it does not exist or is a folder
     */
    static void requireFile(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(file + " is not a file");
        }
    }

    /**
     * Reads a file as it is.
     *
     * @throws IllegalArgumentException if it does not exist or is larger than the gateway takes
     */
    static ByteString read(Path file) throws IOException {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new IllegalArgumentException(file + " is larger than " + (MAX_BYTES >> 20) + " MiB");
            }
            return ByteString.copyFrom(Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException(file + " does not exist", e);
        }
    }
}
