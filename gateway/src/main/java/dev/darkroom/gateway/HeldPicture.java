// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.ByteString;
import dev.darkroom.media.v1.Image;
import dev.darkroom.media.v1.ImageChunk;
import dev.darkroom.rpc.Fault;

/**
 * One encoded picture while it arrives, held until it was looked at. Its chunks come in order and without gaps ({@link EventOrder}).
 * One thread.
 */
final class HeldPicture {
    /** What {@code CheckOutput} takes: a larger picture could be neither checked nor, for that reason, delivered. */
    static final long MAX_BYTES = 64L << 20;

    private final long sizeBytes;
    private ByteString bytes = ByteString.EMPTY;

    /** @throws Fault.Internal PICTURE_TOO_LARGE, if it is announced with more than {@link #MAX_BYTES} */
    HeldPicture(Image announced) {
        if (announced.getSizeBytes() > MAX_BYTES) {
            throw new Fault.Internal(
                    "PICTURE_TOO_LARGE",
                    "text2image made a picture of " + announced.getSizeBytes() + " bytes; at most " + MAX_BYTES
                            + " can be checked");
        }
        sizeBytes = announced.getSizeBytes();
    }

    void append(ImageChunk chunk) {
        bytes = bytes.concat(chunk.getData());
    }

    boolean isWhole() {
        return bytes.size() == sizeBytes;
    }

    /** What arrived so far. */
    ByteString bytes() {
        return bytes;
    }
}
