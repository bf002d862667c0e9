// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.artifact;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.darkroom.rpc.Fault;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;

/**
 * The bytes of one artifact. Holds every block against its digest before it gives out a byte of it, and no more than one block in memory. Goes on when
 * the artifact is deleted meanwhile. One thread.
 */
public final class ArtifactReader implements AutoCloseable {
    private final Artifact artifact;
    private final Blob blob;
    private final FileChannel channel;

    ArtifactReader(Artifact artifact, Blob blob, FileChannel channel) {
        this.artifact = artifact;
        this.blob = blob;
        this.channel = channel;
    }

    public Artifact artifact() {
        return artifact;
    }

    /**
     * Returns the verified bytes from an offset to the end of their block, at most 1 MiB; empty at the end.
     *
     * @throws Fault.OutOfRange OFFSET_PAST_END, if the offset is negative or past the end
     * @throws Fault.DataLoss ARTIFACT_DAMAGED, if the bytes on disk are not those that were stored
     */
    public ByteString read(long offset) {
        long size = blob.sizeBytes();
        if (offset < 0 || offset > size) {
            throw new Fault.OutOfRange("OFFSET_PAST_END", "read_offset must be 0 to " + size + ", but was " + offset);
        }
        if (offset == size) {
            return ByteString.EMPTY;
        }
        int block = Math.toIntExact(offset / BlobDigest.BLOCK_BYTES);
        return block(block).substring((int) (offset % BlobDigest.BLOCK_BYTES));
    }

    /** Returns all bytes, of an artifact that is known to be small. Fails as {@link #read} does. */
    public ByteString readAll() {
        ByteString all = ByteString.EMPTY;
        while (all.size() < blob.sizeBytes()) {
            all = all.concat(read(all.size()));
        }
        return all;
    }

    private ByteString block(int index) {
        long start = (long) index * BlobDigest.BLOCK_BYTES;
        byte[] bytes = new byte[(int) Math.min(BlobDigest.BLOCK_BYTES, blob.sizeBytes() - start)];
        int read = readFully(ByteBuffer.wrap(bytes), start);
        ByteString expected =
                blob.blockDigests().substring(index * BlobDigest.DIGEST_BYTES, (index + 1) * BlobDigest.DIGEST_BYTES);
        MessageDigest digest = BlobDigest.sha256();
        if (read != bytes.length || !expected.equals(ByteString.copyFrom(digest.digest(bytes)))) {
            throw damaged(artifact.name());
        }
        return UnsafeByteOperations.unsafeWrap(bytes);
    }

    private int readFully(ByteBuffer target, long position) {
        try {
            while (target.hasRemaining() && channel.read(target, position + target.position()) >= 0) {}
            return target.position();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Fault.DataLoss damaged(String name) {
        return new Fault.DataLoss(
                "ARTIFACT_DAMAGED", "The stored bytes of " + name + " are not those that were stored; make it again");
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
