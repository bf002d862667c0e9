// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.artifact;

import com.google.protobuf.ByteString;
import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.Violations;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.util.Map;

/** One call that writes the bytes of an announced artifact. Thread-safe, as a newer call for the name may close it at any time. */
final class Upload implements AutoCloseable {
    private final ArtifactStore store;
    private final Artifact announced;
    private final FileChannel channel;
    private long committedSize;

    Upload(ArtifactStore store, Artifact announced) throws IOException {
        this.store = store;
        this.announced = announced;
        this.channel = store.folder().openUpload(ArtifactStore.id(announced.name()));
        this.committedSize = channel.position();
    }

    String name() {
        return announced.name();
    }

    synchronized long committedSize() {
        return committedSize;
    }

    /**
     * Appends bytes.
     *
     * @throws Fault.InvalidArgument if they do not begin where the last ones ended, or are more than were announced
     * @throws Fault.Refused UPLOAD_SUPERSEDED, if a newer call writes
     * @throws Fault.Overloaded STORAGE_FULL
     */
    synchronized void append(long offset, ByteString data) {
        Violations violations = new Violations();
        violations.check(offset == committedSize, "write_offset", "the committed size, " + committedSize, offset);
        violations.check(
                committedSize + data.size() <= announced.sizeBytes(),
                "data",
                "within the announced " + announced.sizeBytes() + " bytes",
                committedSize + data.size());
        violations.throwIfAny();
        try {
            for (ByteBuffer bytes : data.asReadOnlyByteBufferList()) {
                BlobFolder.writeAll(bytes, channel);
            }
            committedSize += data.size();
        } catch (ClosedChannelException _) {
            throw superseded();
        } catch (IOException e) {
            throw store.folder().failure(e);
        }
    }

    /**
     * Makes the artifact of what was written.
     *
     * @throws Fault.InvalidArgument if bytes are missing
     * @throws Fault.Refused ARTIFACT_DIGEST_MISMATCH; nothing of the upload is left then
     */
    synchronized void finish() {
        Violations violations = new Violations();
        violations.check(
                committedSize == announced.sizeBytes(),
                "finish_write",
                "sent after all " + announced.sizeBytes() + " bytes that were announced",
                committedSize);
        violations.throwIfAny();
        if (!channel.isOpen()) {
            throw superseded();
        }
        Blob blob = digest();
        if (!blob.sha256().equals(announced.sha256())) {
            store.delete(announced.tenant(), announced.name());
            throw new Fault.Refused(
                    "ARTIFACT_DIGEST_MISMATCH",
                    "The bytes that arrived have another SHA-256 than was announced; announce and upload them again",
                    Map.of("announced", announced.sha256(), "arrived", blob.sha256()));
        }
        store.complete(announced, blob);
    }

    private Blob digest() {
        try {
            return store.folder().digestUpload(ArtifactStore.id(announced.name()));
        } catch (IOException e) {
            throw store.folder().failure(e);
        }
    }

    private Fault.Refused superseded() {
        return new Fault.Refused(
                "UPLOAD_SUPERSEDED", "A newer call writes to " + announced.name(), Map.of("name", announced.name()));
    }

    /** Ends the call; what was written stays, durably, for the next one. */
    @Override
    public synchronized void close() {
        try (channel) {
            if (channel.isOpen()) {
                channel.force(true);
            }
        } catch (IOException e) {
            throw store.folder().failure(e);
        }
    }
}
