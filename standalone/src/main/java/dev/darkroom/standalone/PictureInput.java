// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Pictures that a command takes in. */
final class PictureInput {
    /** What the gateway takes; a larger file is not even read. */
    private static final long MAX_BYTES = 16L << 20;

    private PictureInput() {}

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
