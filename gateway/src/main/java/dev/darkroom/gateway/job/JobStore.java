// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import com.google.rpc.Status;
import dev.darkroom.gateway.database.Database;
import dev.darkroom.gateway.database.Transactions;
import dev.darkroom.gateway.v1.AttemptEnd;
import dev.darkroom.gateway.v1.AttemptEnded;
import dev.darkroom.gateway.v1.AttemptStarted;
import dev.darkroom.gateway.v1.WatchOperationResponse;
import dev.darkroom.media.v1.Checkpoint;
import dev.darkroom.media.v1.StageStarted;
import dev.darkroom.media.v1.StepCompleted;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;

/**
 * The jobs in the database. Thread-safe, and safe beside those of other gateways.
 *
 * <p>Whoever works on a job shows the number of its attempt with each write. A write counts only while that attempt is the latest one and
 * the job runs and was not asked to stop; if not, nothing is changed and {@link StaleAttemptException} is thrown. So a gateway that was
 * given up and comes back can spoil nothing, and an end is written once.
 */
@Singleton
final class JobStore {
    /** Who crashes the gateway that runs it is no better than who crashes workers, but a gateway also goes down for reasons of its own. */
    static final int MAX_INTERRUPTIONS = 16;

    private static final String IMAGE = "image";

    private final Transactions database;
    private final Clock clock;

    @Inject
    JobStore(Database database) {
        this(database.jdbi(), Clock.systemUTC());
    }

    JobStore(Jdbi database, Clock clock) {
        this.database = new Transactions(database);
        this.clock = clock;
    }

    /** What came of a submission. */
    sealed interface Submitted {
        /** It is durable. */
        record Stored(Job job) implements Submitted {}

        /** The same request was stored before, under the same id. */
        record Known(Job job) implements Submitted {}

        /** Another request was stored under the same id. */
        record Conflict() implements Submitted {}

        /** Too many wait already: that many. */
        record Full(int waiting) implements Submitted {}
    }

    /** Stores a job, which is durable when this returns. Of two with the same id and tenant at the same time, one waits for the other. */
    Submitted submit(NewJob job, int maxWaiting) {
        database.run(handle -> JobRows.ensureTenant(handle, job.tenant()));
        return database.call(transaction -> {
            if (!job.requestId().isEmpty()) {
                JobRows.lockTenant(transaction, job.tenant());
                Optional<Submitted> before = JobRows.findRequest(transaction, job.tenant(), job.requestId())
                        .map(id -> JobRows.hashOf(transaction, id).equals(job.requestHash())
                                ? new Submitted.Known(
                                        JobRows.find(transaction, id).orElseThrow())
                                : new Submitted.Conflict());
                if (before.isPresent()) {
                    return before.get();
                }
            }
            int waiting = JobRows.countWaiting(transaction, job.tenant());
            if (waiting >= maxWaiting) {
                return new Submitted.Full(waiting);
            }
            String id = UUID.randomUUID().toString();
            JobRows.insert(transaction, id, job, clock.instant());
            return new Submitted.Stored(JobRows.find(transaction, id).orElseThrow());
        });
    }

    /**
     * Hands the best of a tenant's waiting jobs to the engine, as many as its window has room for.
     *
     * @return how many
     */
    int handOver(String tenant, int window) {
        return database.call(transaction -> {
            JobRows.lockTenant(transaction, tenant);
            int room = window - JobRows.countHanded(transaction, tenant);
            List<String> next = room <= 0 ? List.of() : JobRows.nextWaiting(transaction, tenant, room);
            next.forEach(id -> JobRows.handOver(transaction, id, clock.instant()));
            return next.size();
        });
    }

    /** The tenants that have jobs waiting. */
    List<String> tenantsWaiting() {
        return database.call(JobRows::tenantsWaiting);
    }

    /**
     * Begins an attempt. A job that still counts as running was running at a gateway that was lost.
     *
     * @return empty where nothing is left to do: it has ended, was asked to stop, or took too many gateways with it
     */
    Optional<Claim> claim(String id, String owner) {
        return database.call(transaction -> {
            Optional<Job> found = JobRows.lock(transaction, id);
            if (found.isEmpty() || found.get().phase().isTerminal()) {
                return Optional.empty();
            }
            Job job = found.get();
            boolean interrupted = job.phase() == JobPhase.RUNNING;
            if (job.cancelRequested()) {
                JobRows.end(
                        transaction,
                        job,
                        JobPhase.CANCELLED,
                        null,
                        Outcomes.cancelled().toByteString(),
                        clock.instant());
                return Optional.empty();
            }
            if (interrupted && job.interruptions() + 1 >= MAX_INTERRUPTIONS) {
                JobRows.end(
                        transaction,
                        job,
                        JobPhase.QUARANTINED,
                        null,
                        Outcomes.interruptedTooOften().toByteString(),
                        clock.instant());
                return Optional.empty();
            }
            JobRows.deleteEvents(transaction, id, IMAGE);
            long sequence = job.lastSequence();
            if (interrupted) {
                sequence =
                        insert(transaction, id, sequence, null, Outcomes.interrupted(job.attempt(), clock.instant()));
            }
            AttemptStarted started =
                    AttemptStarted.newBuilder().setAttempt(job.attempt() + 1).build();
            sequence = insert(transaction, id, sequence, null, event -> event.setAttemptStarted(started));
            JobRows.begin(transaction, job, owner, interrupted, sequence, clock.instant());
            return Optional.of(JobRows.claimed(transaction, id));
        });
    }

    /**
     * Tells what happened.
     *
     * @param kind of progress, in the place of the latest of which this one comes; null for what is kept
     * @param alongside what is written in the same transaction
     * @return its number
     * @throws StaleAttemptException see {@link JobStore}
     */
    long tell(
            Claim claim,
            long lastSequence,
            @Nullable String kind,
            Consumer<WatchOperationResponse.Builder> event,
            Consumer<Handle> alongside) {
        return database.call(transaction -> {
            String id = claim.job().id();
            if (!JobRows.tell(transaction, id, claim.job().attempt(), lastSequence + 1)) {
                fence(wasTold(transaction, claim, lastSequence + 1), claim);
                return lastSequence + 1;
            }
            alongside.accept(transaction);
            if (kind != null && !kind.equals(IMAGE)) {
                JobRows.deleteEvents(transaction, id, kind);
            }
            WatchOperationResponse.Builder told = WatchOperationResponse.newBuilder();
            event.accept(told);
            remember(transaction, id, told);
            return insert(transaction, id, lastSequence, kind, builder -> builder.mergeFrom(told.build()));
        });
    }

    /**
     * Keeps where a picture stands, in the place of where it stood.
     *
     * @return the same
     * @throws StaleAttemptException see {@link JobStore}
     */
    Checkpoint keep(Claim claim, Checkpoint checkpoint) {
        return database.call(transaction -> {
            Job job = current(transaction, claim);
            fence(!job.cancelRequested(), claim);
            JobRows.keepCheckpoint(transaction, job.id(), checkpoint);
            return checkpoint;
        });
    }

    /** Forgets where the pictures of a job stood. */
    void forgetCheckpoints(Claim claim) {
        database.run(handle -> JobRows.forgetCheckpoints(handle, claim.job().id()));
    }

    /** Whether the same was told before, by a call whose answer was lost. */
    private static boolean wasTold(Handle transaction, Claim claim, long sequence) {
        Job job = current(transaction, claim);
        return !job.cancelRequested() && job.lastSequence() == sequence;
    }

    /** A kind of which all are kept, until another attempt makes them anew. */
    static String imageKind() {
        return IMAGE;
    }

    private static void remember(Handle transaction, String id, WatchOperationResponse.Builder told) {
        switch (told.getEventCase()) {
            case STAGE_STARTED -> {
                StageStarted stage = told.getStageStarted();
                JobRows.progress(transaction, id, stage.getStage(), 0, 0);
            }
            case STEP_COMPLETED -> {
                StepCompleted step = told.getStepCompleted();
                JobRows.progress(transaction, id, null, step.getStep(), step.getNumInferenceSteps());
            }
            default -> {}
        }
    }

    /**
     * Ends a job with a response, and learns how long such jobs take.
     *
     * @throws StaleAttemptException see {@link JobStore}
     */
    void succeed(Claim claim, ByteString response, Duration took) {
        database.run(transaction -> {
            Job job = current(transaction, claim);
            if (job.cancelRequested()) {
                throw new StaleAttemptException(job.id(), claim.job().attempt());
            }
            JobRows.end(transaction, job, JobPhase.SUCCEEDED, response, null, clock.instant());
            if (job.shape().work() > 0) {
                JobRows.learn(transaction, job.shape(), took);
            }
        });
    }

    /**
     * Ends a job without a response.
     *
     * @param counted what its last attempt counts as
     * @throws StaleAttemptException unless this is the latest attempt of a running job
     */
    void end(Claim claim, JobPhase phase, Status error, AttemptEnd counted) {
        database.run(transaction -> {
            Job job = current(transaction, claim);
            JobRows.count(transaction, job.id(), counted);
            JobRows.end(transaction, job, phase, null, error.toByteString(), clock.instant());
        });
    }

    /**
     * Ends an attempt after which another one follows.
     *
     * @throws StaleAttemptException unless this is the latest attempt of a running job
     */
    void retry(Claim claim, AttemptEnded ended) {
        database.run(transaction -> {
            Job job = current(transaction, claim);
            long sequence =
                    insert(transaction, job.id(), job.lastSequence(), null, event -> event.setAttemptEnded(ended));
            JobRows.count(transaction, job.id(), ended.getEnd());
            JobRows.retry(transaction, job.id(), sequence);
        });
    }

    /**
     * Asks a job to stop. One that waits has ended when this returns; one that runs is stopped by the gateway that runs it.
     *
     * @return as it is then; empty where the tenant has no such job
     */
    Optional<Job> cancel(String tenant, String id) {
        return database.call(transaction -> {
            Optional<Job> job = JobRows.lock(transaction, id).filter(found -> isVisible(found, tenant));
            job.ifPresent(found -> {
                switch (found.phase()) {
                    case WAITING, HANDED ->
                        JobRows.end(
                                transaction,
                                found,
                                JobPhase.CANCELLED,
                                null,
                                Outcomes.cancelled().toByteString(),
                                clock.instant());
                    case RUNNING -> JobRows.requestCancel(transaction, id);
                    case SUCCEEDED, FAILED, CANCELLED, QUARANTINED -> {}
                }
            });
            return job.flatMap(found -> JobRows.find(transaction, id));
        });
    }

    /** Which of these running jobs were asked to stop. */
    List<String> cancelled(List<String> running) {
        return running.isEmpty() ? List.of() : database.call(handle -> JobRows.cancelled(handle, running));
    }

    Optional<Job> find(String tenant, String id) {
        return database.call(handle -> JobRows.find(handle, id).filter(job -> isVisible(job, tenant)));
    }

    /** The jobs of a tenant, the newest first. */
    List<Job> list(String tenant, JobFilter filter, @Nullable PageToken after, int limit) {
        return database.call(handle -> JobRows.list(handle, tenant, filter, after, limit, clock.instant()));
    }

    /**
     * Forgets a job: its tenant sees it no more. One that has not ended goes on.
     *
     * @return false where the tenant has no such job
     */
    boolean delete(String tenant, String id) {
        return database.call(transaction -> JobRows.find(transaction, id)
                .filter(job -> isVisible(job, tenant))
                .map(job -> JobRows.markDeleted(transaction, id))
                .isPresent());
    }

    /** Jobs whose time has come, or that were deleted and have ended, at most that many. */
    List<Job> expired(int limit) {
        return database.call(handle -> JobRows.expired(handle, clock.instant(), limit));
    }

    /** Removes a job with all its events. */
    void remove(String id) {
        database.run(handle -> JobRows.remove(handle, id));
    }

    /** The events after a number, in order, at most that many. */
    List<WatchOperationResponse> events(String id, long afterSequence, int limit) {
        return database.call(handle -> JobRows.events(handle, id, afterSequence, limit));
    }

    /**
     * What begins before a job, or would before a new one.
     *
     * @param job of that tenant; null for one that would be submitted now
     */
    Line before(String tenant, @Nullable Job job, int priority) {
        long rank = JobRows.rank(priority, job == null ? clock.instant() : job.createdAt());
        return database.call(handle -> JobRows.before(handle, tenant, rank, job));
    }

    /**
     * What is before a job.
     *
     * @param position jobs of the same tenant before it
     * @param busy all jobs before it, running ones and those of other tenants that the engine has included
     * @param predicted how long all of those take one after the other; null where one is of a shape that was not measured
     */
    record Line(int position, int busy, @Nullable Duration predicted) {}

    /** What is known of the time that jobs of a shape take; empty where none was measured. */
    Optional<Measured> measured(String timing) {
        return database.call(handle -> JobRows.measured(handle, timing));
    }

    /** @param samples jobs that were measured */
    record Measured(double millisPerWork, long samples) {
        Duration of(double work) {
            return Duration.ofMillis(Math.round(millisPerWork * work));
        }
    }

    /**
     * Gives back what a process held that is gone, where this one is the only one that there can be.
     *
     * @return how many
     */
    int releaseAll() {
        return database.call(JobRows::releaseAll);
    }

    private boolean isVisible(Job job, String tenant) {
        return job.tenant().equals(tenant)
                && !job.deleted()
                && (job.expiresAt() == null || job.expiresAt().isAfter(clock.instant()));
    }

    private static Job current(Handle transaction, Claim claim) {
        Job job = JobRows.lock(transaction, claim.job().id()).orElse(claim.job());
        fence(job.phase() == JobPhase.RUNNING && job.attempt() == claim.job().attempt(), claim);
        return job;
    }

    private static void fence(boolean holds, Claim claim) {
        if (!holds) {
            throw new StaleAttemptException(claim.job().id(), claim.job().attempt());
        }
    }

    private long insert(
            Handle transaction,
            String id,
            long lastSequence,
            @Nullable String kind,
            Consumer<WatchOperationResponse.Builder> event) {
        WatchOperationResponse.Builder told = WatchOperationResponse.newBuilder()
                .setSequence(lastSequence + 1)
                .setTime(timestamp(clock.instant()));
        event.accept(told);
        JobRows.insertEvent(transaction, id, lastSequence + 1, kind, told.build());
        return lastSequence + 1;
    }

    static Timestamp timestamp(Instant instant) {
        return Timestamp.newBuilder()
                .setSeconds(instant.getEpochSecond())
                .setNanos(instant.getNano())
                .build();
    }
}
