// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.gateway.v1.DeliveredImage;
import dev.darkroom.media.v1.ImageChunk;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** A picture on its way from the gateway: announced once, then filled chunk by chunk. Not thread-safe. */
final class Picture {

    private final DeliveredImage announcement;
    private final byte[] encoded;
    private int received;

    Picture(DeliveredImage announcement) {
        this.announcement = announcement;
        this.encoded =
                new byte[Math.toIntExact(announcement.getGenerated().getImage().getSizeBytes())];
    }

    void append(ImageChunk chunk) throws IOException {
        if (chunk.getIndex() != index()
                || chunk.getOffset() != received
                || chunk.getData().size() > encoded.length - received) {
            throw new IOException("the gateway sent bytes out of order; run the command again");
        }
        chunk.getData().copyTo(encoded, received);
        received += chunk.getData().size();
    }

    /** The encoded bytes. Fails where some are missing or differ from the announced digest. */
    byte[] bytes() throws IOException {
        if (received != encoded.length
                || !sha256(encoded)
                        .equals(announcement.getGenerated().getImage().getSha256())) {
            throw new IOException("picture " + index() + " arrived damaged; run the command again");
        }
        return encoded;
    }

    DeliveredImage announcement() {
        return announcement;
    }

    int index() {
        return announcement.getGenerated().getImage().getIndex();
    }

    long seed() {
        return announcement.getGenerated().getSeed();
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java platform has SHA-256
        }
    }
}
