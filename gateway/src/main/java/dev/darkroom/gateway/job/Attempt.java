// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.artifact.ArtifactStore;
import dev.darkroom.gateway.database.Transactions;
import dev.darkroom.gateway.v1.JobKind;
import dev.darkroom.gateway.v1.StoredImage;
import dev.darkroom.gateway.v1.WatchOperationResponse;
import dev.darkroom.media.v1.Checkpoint;
import io.grpc.Context;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * One attempt at a job, as who does the work sees it: what was asked for, and where to tell what happens. One thread, but for {@link
 * #silence}.
 *
 * <p>Whatever is told is in the database when the method returns, but for progress, of which only so much is written as watchers can use.
 * Each method throws {@link CancellationException} once the job was asked to stop, or somebody else works on it.
 */
public final class Attempt {
    /** A picture goes with its operation. It outlives it, should that be forgotten, by this much. */
    private static final Duration NET = Duration.ofDays(1);

    private static final Duration BETWEEN_PROGRESS = Duration.ofMillis(200);

    private final Claim claim;
    private final int checkpointInterval;
    private final JobStore store;
    private final ArtifactStore artifacts;
    private final Signals signals;
    private final Map<String, Consumer<WatchOperationResponse.Builder>> progress =
            new LinkedHashMap<>(); // not written yet
    private long sequence;
    private long progressNanos = System.nanoTime() - BETWEEN_PROGRESS.toNanos();
    private volatile long heardNanos = System.nanoTime();
    private volatile boolean atWorker;
    private volatile boolean waitsAtWorker;

    Attempt(Claim claim, int checkpointInterval, JobStore store, ArtifactStore artifacts, Signals signals) {
        this.claim = claim;
        this.checkpointInterval = checkpointInterval;
        this.store = store;
        this.artifacts = artifacts;
        this.signals = signals;
        this.sequence = claim.job().lastSequence();
    }

    public JobKind kind() {
        return claim.job().kind();
    }

    /** Bytes of the request, as it was submitted. */
    public ByteString request() {
        return claim.request();
    }

    /** The safety policies of the submitter's API key. */
    public List<String> policies() {
        return claim.policies();
    }

    /** Steps after which a worker should say where its pictures stand; 0: never. */
    public int checkpointInterval() {
        return checkpointInterval;
    }

    /** Where the pictures stood when an earlier attempt ended, each at its latest; in the order of their index. */
    public List<Checkpoint> checkpoints() {
        return claim.checkpoints();
    }

    /** Keeps where a picture stands. */
    public void keep(Checkpoint checkpoint) {
        heard();
        Transactions.patiently(Attempt::isWanted, () -> store.keep(claim, checkpoint));
        heard();
    }

    private static boolean isWanted() {
        return !Context.current().isCancelled();
    }

    /** Forgets the checkpoints: nobody can go on from them. */
    public void forgetCheckpoints() {
        store.forgetCheckpoints(claim);
    }

    /** Tells of something that is kept. */
    public void tell(Consumer<WatchOperationResponse.Builder> event) {
        writeProgress();
        write(null, event, _ -> {});
    }

    /** Tells of progress, which the next of its kind makes worthless. */
    public void tellLatest(String kind, Consumer<WatchOperationResponse.Builder> event) {
        heard();
        atWorker = true;
        waitsAtWorker = kind.equals("queued");
        progress.remove(kind);
        progress.put(kind, event);
        if (System.nanoTime() - progressNanos >= BETWEEN_PROGRESS.toNanos()) {
            writeProgress();
        } else if (Context.current().isCancelled()) {
            throw new CancellationException("The attempt was cancelled");
        }
    }

    private void writeProgress() {
        progress.forEach((kind, event) -> write(kind, event, _ -> {}));
        progress.clear();
        progressNanos = System.nanoTime();
    }

    /**
     * Keeps a picture for the caller, and tells of it: its bytes first, then its name and the event in one.
     *
     * @param announcement of the picture, without the name
     * @param contentType of the bytes
     * @param bytes empty where it was blocked
     * @return the announcement, with the name that the picture was given
     */
    public StoredImage store(StoredImage announcement, String contentType, ByteString bytes) {
        writeProgress();
        if (bytes.isEmpty()) {
            write(JobStore.imageKind(), event -> event.setImage(announcement), _ -> {});
            return announcement;
        }
        StoredImage.Builder named = announcement.toBuilder();
        Instant expires = Clock.systemUTC().instant().plus(claim.job().ttl()).plus(NET);
        try (ArtifactStore.Written written = artifacts.write(bytes)) {
            write(
                    JobStore.imageKind(),
                    event -> event.setImage(named),
                    transaction -> named.setArtifact(artifacts
                            .name(
                                    transaction,
                                    written,
                                    claim.job().tenant(),
                                    claim.job().name(),
                                    contentType,
                                    expires)
                            .name()));
        }
        return named.build();
    }

    private void write(
            @Nullable String kind, Consumer<WatchOperationResponse.Builder> event, Consumer<Handle> alongside) {
        heard();
        sequence = Transactions.patiently(Attempt::isWanted, () -> store.tell(claim, sequence, kind, event, alongside));
        heard();
        signals.changed(claim.job().id());
    }

    private void heard() {
        heardNanos = System.nanoTime();
    }

    /** How long nothing was heard of a worker that is at work; nothing while there is none, or the job waits there. */
    Duration silence() {
        return atWorker && !waitsAtWorker ? Duration.ofNanos(System.nanoTime() - heardNanos) : Duration.ZERO;
    }

    /** Whether a worker has begun. */
    boolean wasAtWorker() {
        return atWorker;
    }
}
