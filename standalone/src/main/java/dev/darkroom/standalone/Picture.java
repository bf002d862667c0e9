// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.google.protobuf.MessageOrBuilder;
import dev.darkroom.gateway.v1.DeliveredImage;
import dev.darkroom.gateway.v1.DeliveredUpscale;
import dev.darkroom.media.v1.Image;
import dev.darkroom.media.v1.ImageChunk;
import dev.darkroom.safety.v1.OutputVerdict;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** A picture on its way from the gateway: announced once, then filled chunk by chunk, unless it was held back. Not thread-safe. */
final class Picture {

    private final MessageOrBuilder announcement;
    private final Image image;
    private final long seed;
    private final OutputVerdict verdict;
    private final List<String> categories;
    private final byte[] encoded;
    private int received;

    private Picture(
            MessageOrBuilder announcement, Image image, long seed, OutputVerdict verdict, List<String> categories) {
        this.announcement = announcement;
        this.image = image;
        this.seed = seed;
        this.verdict = verdict;
        this.categories = categories;
        this.encoded = new byte[Math.toIntExact(image.getSizeBytes())];
    }

    static Picture of(DeliveredImage announced) {
        return new Picture(
                announced,
                announced.getGenerated().getImage(),
                announced.getGenerated().getSeed(),
                announced.getOutputVerdict(),
                announced.getCategoriesList());
    }

    static Picture of(DeliveredUpscale announced) {
        return new Picture(
                announced, announced.getImage(), 0, announced.getOutputVerdict(), announced.getCategoriesList());
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
        if (received != encoded.length || !sha256(encoded).equals(image.getSha256())) {
            throw new IOException("picture " + index() + " arrived damaged; run the command again");
        }
        return encoded;
    }

    /** Whether the check held it back: it has no bytes then. */
    boolean isBlocked() {
        return verdict == OutputVerdict.OUTPUT_VERDICT_BLOCKED;
    }

    /** Whether nobody looked at it. */
    boolean isUnchecked() {
        return verdict == OutputVerdict.OUTPUT_VERDICT_UNCHECKED;
    }

    /** What it was flagged or held back for, worst first. */
    List<String> categories() {
        return categories;
    }

    /** What the gateway said of it. */
    MessageOrBuilder announcement() {
        return announcement;
    }

    Image image() {
        return image;
    }

    int index() {
        return image.getIndex();
    }

    /** Its own seed; 0 where it was not drawn but enlarged. */
    long seed() {
        return seed;
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java platform has SHA-256
        }
    }
}
