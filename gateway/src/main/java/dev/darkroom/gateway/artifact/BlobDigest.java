// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.artifact;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** Digests content as it goes by, as a whole and in blocks. One thread. */
final class BlobDigest {
    /** Held in memory by each reader; small enough for many of them, large enough that the digests are few. */
    static final int BLOCK_BYTES = 1 << 20;

    static final int DIGEST_BYTES = 32;

    private final MessageDigest whole = sha256();
    private final MessageDigest block = sha256();
    private final ByteString.Output blocks = ByteString.newOutput();
    private long sizeBytes;

    static Blob of(List<ByteBuffer> content) {
        BlobDigest digest = new BlobDigest();
        content.forEach(digest::update);
        return digest.finish();
    }

    /** Takes what remains of a buffer, whose position stays. */
    void update(ByteBuffer bytes) {
        whole.update(bytes.duplicate());
        ByteBuffer rest = bytes.duplicate();
        while (rest.hasRemaining()) {
            int inBlock = (int) (sizeBytes % BLOCK_BYTES);
            int length = Math.min(rest.remaining(), BLOCK_BYTES - inBlock);
            block.update(rest.slice(rest.position(), length));
            rest.position(rest.position() + length);
            sizeBytes += length;
            if (inBlock + length == BLOCK_BYTES) {
                endBlock();
            }
        }
    }

    /** Ends the content; of no use afterwards. */
    Blob finish() {
        if (sizeBytes % BLOCK_BYTES != 0) {
            endBlock();
        }
        return new Blob(HexFormat.of().formatHex(whole.digest()), sizeBytes, blocks.toByteString());
    }

    private void endBlock() {
        blocks.write(block.digest(), 0, DIGEST_BYTES);
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java platform has SHA-256
        }
    }
}
