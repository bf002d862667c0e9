// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.artifact;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.artifact.ArtifactRows.Stored;
import dev.darkroom.gateway.database.DataDirectory;
import dev.darkroom.gateway.database.Database;
import dev.darkroom.rpc.Fault;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * Files by opaque name, each tenant's own. Equal content is stored once, whoever has it, and is deleted with the last name that leads to it. Thread-safe;
 * one process for each folder.
 */
@Singleton
public final class ArtifactStore {
    private static final Pattern NAME = Pattern.compile("artifacts/[A-Za-z0-9_-]{22}");
    private static final int ID_BYTES = 16;
    private static final int LOCKS = 64;
    private static final int SWEPT_AT_ONCE = 500;

    /** A blob without a name may be about to get one. */
    private static final Duration UNNAMED_FOR = Duration.ofHours(1);

    private final Jdbi database;
    private final BlobFolder folder;
    private final ArtifactConfiguration configuration;
    private final Clock clock;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, Integer> held = new ConcurrentHashMap<>();

    /** One of them guards the file and the row of a blob while they appear or go, so that neither goes while a name is given. */
    private final List<ReentrantLock> locks =
            IntStream.range(0, LOCKS).mapToObj(_ -> new ReentrantLock()).toList();

    @Inject
    ArtifactStore(Database database, DataDirectory directory, ArtifactConfiguration configuration) throws IOException {
        this(database.jdbi(), new BlobFolder(directory.path().resolve("artifacts")), configuration, Clock.systemUTC());
    }

    ArtifactStore(Jdbi database, BlobFolder folder, ArtifactConfiguration configuration, Clock clock) {
        this.database = database;
        this.folder = folder;
        this.configuration = configuration;
        this.clock = clock;
    }

    /**
     * Content that is on the disk, and stays there until this is closed: close it after the transaction that {@linkplain ArtifactStore#name names} it.
     * Unnamed, it is swept an hour later.
     */
    public final class Written implements AutoCloseable {
        private final Blob blob;

        private Written(Blob blob) {
            this.blob = blob;
        }

        /** SHA-256 of the content, 64 lower-case hexadecimal digits. */
        public String sha256() {
            return blob.sha256();
        }

        @Override
        public void close() {
            held.computeIfPresent(blob.sha256(), (_, holders) -> holders == 1 ? null : holders - 1);
        }
    }

    /**
     * Stores content durably and names it.
     *
     * @param operation the operation that made it; empty for none
     * @throws Fault.Overloaded STORAGE_FULL
     */
    public Artifact put(String tenant, String operation, String contentType, ByteString bytes, Instant expireTime) {
        try (Written written = write(bytes)) {
            return database.inTransaction(
                    transaction -> name(transaction, written, tenant, operation, contentType, expireTime));
        }
    }

    /**
     * Stores content durably, without a name yet: the first half of {@link #put}, for names that must appear together with something else.
     *
     * @throws Fault.Overloaded STORAGE_FULL
     */
    public Written write(ByteString bytes) {
        Blob blob = BlobDigest.of(bytes.asReadOnlyByteBufferList());
        held.merge(blob.sha256(), 1, Integer::sum);
        Written written = new Written(blob);
        try {
            guarded(blob.sha256(), () -> folder.write(blob, bytes.asReadOnlyByteBufferList()));
            return written;
        } catch (RuntimeException e) {
            written.close();
            throw e;
        }
    }

    /** Names what was written, as part of a transaction of the caller's. */
    public Artifact name(
            Handle transaction,
            Written written,
            String tenant,
            String operation,
            String contentType,
            Instant expireTime) {
        Blob blob = written.blob;
        Artifact artifact = new Artifact(
                newName(),
                tenant,
                operation,
                contentType,
                blob.sizeBytes(),
                blob.sha256(),
                true,
                now(),
                stored(expireTime));
        ArtifactRows.insertIfAbsent(transaction, blob);
        ArtifactRows.insert(transaction, artifact);
        return artifact;
    }

    /**
     * Announces an upload.
     *
     * @param sha256 64 hexadecimal digits
     */
    Artifact announce(String tenant, String contentType, long sizeBytes, String sha256, Duration ttl) {
        Instant now = now();
        Artifact artifact =
                new Artifact(newName(), tenant, "", contentType, sizeBytes, sha256, false, now, stored(now.plus(ttl)));
        database.useHandle(handle -> ArtifactRows.insert(handle, artifact));
        return artifact;
    }

    /** Describes an artifact, also one whose upload is not finished. @throws Fault.NotFound ARTIFACT_UNKNOWN */
    public Artifact get(String tenant, String name) {
        requireForm(name);
        return database.withHandle(handle -> ArtifactRows.find(handle, tenant, name, now()))
                .orElseThrow(() -> unknown(name));
    }

    /**
     * Opens an artifact, to be closed by the caller.
     *
     * @throws Fault.NotFound ARTIFACT_UNKNOWN, also for one of another tenant, one that expired, and one whose upload is not finished
     * @throws Fault.DataLoss ARTIFACT_DAMAGED, if its bytes are gone
     */
    public ArtifactReader open(String tenant, String name) {
        requireForm(name);
        Stored stored = database.withHandle(handle -> ArtifactRows.findStored(handle, tenant, name, now()))
                .orElseThrow(() -> unknown(name));
        try {
            return new ArtifactReader(
                    stored.artifact(), stored.blob(), folder.open(stored.blob().sha256()));
        } catch (NoSuchFileException _) {
            throw ArtifactReader.damaged(name);
        } catch (IOException e) {
            throw new Fault.Internal("ARTIFACT_UNREADABLE", "The artifact cannot be read", e);
        }
    }

    /** What an operation of a tenant made, in that order. */
    public List<Artifact> ofOperation(String tenant, String operation) {
        return database.withHandle(handle -> ArtifactRows.ofOperation(handle, tenant, operation));
    }

    /** Deletes an artifact, and its bytes with the last name. @throws Fault.NotFound ARTIFACT_UNKNOWN */
    public void delete(String tenant, String name) {
        delete(get(tenant, name));
    }

    /** Deletes whatever an operation of a tenant made. */
    public void deleteOfOperation(String tenant, String operation) {
        ofOperation(tenant, operation).forEach(this::delete);
    }

    private void delete(Artifact artifact) {
        if (!artifact.complete()) {
            database.useHandle(handle -> ArtifactRows.delete(handle, artifact.name()));
            folder.deleteUpload(id(artifact.name()));
            return;
        }
        guarded(artifact.sha256(), () -> {
            boolean unused = database.inTransaction(transaction -> {
                ArtifactRows.delete(transaction, artifact.name());
                return isFree(artifact.sha256()) && ArtifactRows.forgetIfUnused(transaction, artifact.sha256());
            });
            if (unused) {
                folder.delete(artifact.sha256());
            }
            return unused;
        });
    }

    /** Deletes what expired, and the bytes that nobody names. */
    void sweep() {
        Instant now = now();
        database.withHandle(handle -> ArtifactRows.expired(handle, now, SWEPT_AT_ONCE))
                .forEach(this::delete);
        folder.olderThan(now.minus(UNNAMED_FOR)).forEach(this::deleteUnnamed);
        folder.deleteIncoming(now.minus(configuration.maxTtl()));
    }

    private void deleteUnnamed(String sha256) {
        guarded(sha256, () -> {
            boolean unused = isFree(sha256)
                    && database.inTransaction(transaction -> ArtifactRows.forgetIfUnused(transaction, sha256));
            if (unused) {
                folder.delete(sha256);
            }
            return unused;
        });
    }

    /** Makes an artifact of an upload whose bytes are all here and are those that were announced. */
    void complete(Artifact upload, Blob blob) {
        String id = id(upload.name());
        guarded(blob.sha256(), () -> {
            try {
                folder.showUpload(id, blob);
            } catch (IOException e) {
                throw folder.failure(e);
            }
            return database.inTransaction(transaction -> {
                ArtifactRows.insertIfAbsent(transaction, blob);
                return ArtifactRows.complete(
                        transaction, upload.name()); // not where it was deleted meanwhile; the blob is swept then
            });
        });
    }

    BlobFolder folder() {
        return folder;
    }

    ArtifactConfiguration configuration() {
        return configuration;
    }

    private boolean isFree(String sha256) {
        return !held.containsKey(sha256);
    }

    private <T> T guarded(String sha256, Supplier<T> work) {
        ReentrantLock lock = locks.get(Math.floorMod(sha256.hashCode(), LOCKS));
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    private Instant now() {
        return stored(clock.instant());
    }

    /** As the database holds it. */
    private static Instant stored(Instant time) {
        return time.truncatedTo(ChronoUnit.MILLIS);
    }

    private String newName() {
        byte[] id = new byte[ID_BYTES];
        random.nextBytes(id);
        return "artifacts/" + Base64.getUrlEncoder().withoutPadding().encodeToString(id);
    }

    /** The part of a name that is unique, which has the form of a file's name. */
    static String id(String name) {
        return name.substring(name.indexOf('/') + 1);
    }

    private static void requireForm(String name) {
        if (!NAME.matcher(name).matches()) {
            throw unknown(name);
        }
    }

    private static Fault.NotFound unknown(String name) {
        return new Fault.NotFound("ARTIFACT_UNKNOWN", "artifact", name, List.of());
    }
}
