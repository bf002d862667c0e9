// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.darkroom.gateway.v1.AttemptEnd;
import dev.darkroom.gateway.v1.JobKind;
import dev.darkroom.gateway.v1.WatchOperationResponse;
import dev.darkroom.media.v1.Checkpoint;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/** The SQL of {@link JobStore}, in the words that H2 and PostgreSQL share. */
final class JobRows {
    /** Name of the engine's task; its instances are the ids of jobs. */
    static final String TASK = "job";

    /** So long a job has to wait to count as one priority higher. */
    static final Duration AGEING = Duration.ofMinutes(5);

    private static final String COLUMNS =
            "id, tenant, kind, state, priority, labels, request_id, timing, work, attempt, failures, losses, interruptions,"
                    + " cancel_requested, deleted, stage, step, steps, last_sequence, response, error, ttl_millis, created_at, started_at, ended_at,"
                    + " expires_at";

    private static final double LEARNING_RATE = 0.2;

    private JobRows() {}

    static void ensureTenant(Handle handle, String tenant) {
        boolean known = handle.createQuery("select count(*) from tenant where name = :tenant")
                        .bind("tenant", tenant)
                        .mapTo(Integer.class)
                        .one()
                > 0;
        if (!known) {
            handle.createUpdate("insert into tenant (name) values (:tenant) on conflict do nothing")
                    .bind("tenant", tenant)
                    .execute();
        }
    }

    static void lockTenant(Handle transaction, String tenant) {
        transaction
                .createQuery("select name from tenant where name = :tenant for update")
                .bind("tenant", tenant)
                .mapTo(String.class)
                .list();
    }

    static Optional<String> findRequest(Handle handle, String tenant, String requestId) {
        return handle.createQuery("select id from job where tenant = :tenant and request_id = :requestId")
                .bind("tenant", tenant)
                .bind("requestId", requestId)
                .mapTo(String.class)
                .findOne();
    }

    static String hashOf(Handle handle, String id) {
        return handle.createQuery("select request_hash from job where id = :id")
                .bind("id", id)
                .mapTo(String.class)
                .one();
    }

    static int countWaiting(Handle handle, String tenant) {
        return count(handle, tenant, "state = 'WAITING'");
    }

    static int countHanded(Handle handle, String tenant) {
        return count(handle, tenant, "state in ('HANDED', 'RUNNING')");
    }

    private static int count(Handle handle, String tenant, String condition) {
        return handle.createQuery("select count(*) from job where tenant = :tenant and " + condition)
                .bind("tenant", tenant)
                .mapTo(Integer.class)
                .one();
    }

    static void insert(Handle transaction, String id, NewJob job, Instant now) {
        transaction
                .createUpdate(
                        "insert into job (id, tenant, kind, state, priority, labels, request_id, request_hash, request, policies, timing, work,"
                                + " attempt, failures, losses, interruptions, cancel_requested, deleted, stage, step, steps, last_sequence,"
                                + " ttl_millis, created_at) values (:id, :tenant, :kind, 'WAITING', :priority, :labels, :requestId, :hash, :request,"
                                + " :policies, :timing, :work, 0, 0, 0, 0, false, false, '', 0, 0, 0, :ttl, :now)")
                .bind("id", id)
                .bind("tenant", job.tenant())
                .bind("kind", job.kind().name())
                .bind("priority", job.priority())
                .bind("labels", Labels.format(job.labels()))
                .bind("requestId", job.requestId().isEmpty() ? null : job.requestId())
                .bind("hash", job.requestHash())
                .bind("request", job.request().toByteArray())
                .bind("policies", String.join("\n", job.policies()))
                .bind("timing", job.shape().timing())
                .bind("work", job.shape().work())
                .bind("ttl", job.ttl().toMillis())
                .bind("now", now.toEpochMilli())
                .execute();
    }

    /** Highest first: a job's place in the line of its tenant. It never changes, as all of them age alike. */
    static long rank(int priority, Instant createdAt) {
        return priority * AGEING.toMillis() - createdAt.toEpochMilli();
    }

    static List<String> nextWaiting(Handle transaction, String tenant, int room) {
        return transaction
                .createQuery("select id from job where tenant = :tenant and state = 'WAITING'"
                        + " order by priority * :ageing - created_at desc, id limit :room")
                .bind("tenant", tenant)
                .bind("ageing", AGEING.toMillis())
                .bind("room", room)
                .mapTo(String.class)
                .list();
    }

    static void handOver(Handle transaction, String id, Instant now) {
        int updated = transaction
                .createUpdate("update job set state = 'HANDED' where id = :id and state = 'WAITING'")
                .bind("id", id)
                .execute();
        if (updated == 1) {
            transaction
                    .createUpdate(
                            "insert into scheduled_tasks (task_name, task_instance, execution_time, picked, version)"
                                    + " values ('" + TASK + "', :id, :now, false, 1)")
                    .bind("id", id)
                    .bind("now", now.atOffset(ZoneOffset.UTC))
                    .execute();
        }
    }

    static List<String> tenantsWaiting(Handle handle) {
        return handle.createQuery("select distinct tenant from job where state = 'WAITING' order by tenant")
                .mapTo(String.class)
                .list();
    }

    static Optional<Job> find(Handle handle, String id) {
        return one(handle.createQuery("select " + COLUMNS + " from job where id = :id"), id);
    }

    static Optional<Job> lock(Handle transaction, String id) {
        return one(transaction.createQuery("select " + COLUMNS + " from job where id = :id for update"), id);
    }

    private static Optional<Job> one(Query query, String id) {
        return query.bind("id", id).map((row, _) -> job(row)).findOne();
    }

    static void begin(Handle transaction, Job job, String owner, boolean interrupted, long sequence, Instant now) {
        transaction
                .createUpdate("update job set state = 'RUNNING', attempt = attempt + 1, owner = :owner,"
                        + " interruptions = interruptions + :interrupted, stage = '', step = 0, steps = 0, last_sequence = :sequence,"
                        + " started_at = coalesce(started_at, :now) where id = :id")
                .bind("id", job.id())
                .bind("owner", owner)
                .bind("interrupted", interrupted ? 1 : 0)
                .bind("sequence", sequence)
                .bind("now", now.toEpochMilli())
                .execute();
    }

    static Claim claimed(Handle transaction, String id) {
        Job job = find(transaction, id).orElseThrow();
        return transaction
                .createQuery("select request, policies from job where id = :id")
                .bind("id", id)
                .map((row, _) -> new Claim(
                        job, bytes(row, "request"), lines(row.getString("policies")), checkpoints(transaction, id)))
                .one();
    }

    /** Returns whether the attempt may write; if so, the number of the last event is that one. */
    static boolean tell(Handle transaction, String id, int attempt, long sequence) {
        return transaction
                        .createUpdate("update job set last_sequence = :sequence where id = :id and attempt = :attempt"
                                + " and state = 'RUNNING' and not cancel_requested and last_sequence = :sequence - 1")
                        .bind("id", id)
                        .bind("attempt", attempt)
                        .bind("sequence", sequence)
                        .execute()
                == 1;
    }

    /** @param stage null for the one that it is in */
    static void progress(Handle transaction, String id, @Nullable String stage, int step, int steps) {
        transaction
                .createUpdate(
                        "update job set stage = coalesce(:stage, stage), step = :step, steps = :steps where id = :id")
                .bind("id", id)
                .bind("stage", stage)
                .bind("step", step)
                .bind("steps", steps)
                .execute();
    }

    /** Ends a job; what it was asked is forgotten, and previews with it. Its last event, which is not stored, gets a number too. */
    static void end(
            Handle transaction,
            Job job,
            JobPhase phase,
            @Nullable ByteString response,
            @Nullable ByteString error,
            Instant now) {
        transaction
                .createUpdate(
                        "update job set state = :state, response = :response, error = :error, request = :nothing, stage = '', step = 0,"
                                + " steps = 0, last_sequence = last_sequence + 1, ended_at = :now, expires_at = :now + ttl_millis where id = :id")
                .bind("id", job.id())
                .bind("state", phase.name())
                .bind("response", array(response))
                .bind("error", array(error))
                .bind("nothing", new byte[0])
                .bind("now", now.toEpochMilli())
                .execute();
        transaction
                .createUpdate("delete from job_event where job_id = :id and kind like 'preview%'")
                .bind("id", job.id())
                .execute();
        forgetCheckpoints(transaction, job.id());
        transaction
                .createUpdate("delete from scheduled_tasks where task_name = '" + TASK
                        + "' and task_instance = :id and not picked")
                .bind("id", job.id())
                .execute();
    }

    static void keepCheckpoint(Handle transaction, String id, Checkpoint checkpoint) {
        transaction
                .createUpdate("delete from job_checkpoint where job_id = :id and picture = :picture")
                .bind("id", id)
                .bind("picture", checkpoint.getIndex())
                .execute();
        transaction
                .createUpdate(
                        "insert into job_checkpoint (job_id, picture, checkpoint) values (:id, :picture, :checkpoint)")
                .bind("id", id)
                .bind("picture", checkpoint.getIndex())
                .bind("checkpoint", checkpoint.toByteArray())
                .execute();
    }

    static List<Checkpoint> checkpoints(Handle handle, String id) {
        return handle.createQuery("select checkpoint from job_checkpoint where job_id = :id order by picture")
                .bind("id", id)
                .map((row, _) -> checkpoint(bytes(row, "checkpoint")))
                .list();
    }

    static void forgetCheckpoints(Handle handle, String id) {
        handle.createUpdate("delete from job_checkpoint where job_id = :id")
                .bind("id", id)
                .execute();
    }

    private static Checkpoint checkpoint(ByteString bytes) {
        try {
            return Checkpoint.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("A checkpoint in the database is none", e);
        }
    }

    /** Counts an attempt that ended without a result; what is neither a failure nor a loss counts as nothing. */
    static void count(Handle transaction, String id, AttemptEnd end) {
        transaction
                .createUpdate("update job set failures = failures + :failed, losses = losses + :lost where id = :id")
                .bind("id", id)
                .bind("failed", end == AttemptEnd.ATTEMPT_END_FAILED ? 1 : 0)
                .bind("lost", end == AttemptEnd.ATTEMPT_END_LOST ? 1 : 0)
                .execute();
    }

    /** Makes a job ready for its next attempt; the engine's row, which has the time, stays. */
    static void retry(Handle transaction, String id, long sequence) {
        transaction
                .createUpdate(
                        "update job set state = 'HANDED', stage = '', step = 0, steps = 0, last_sequence = :sequence where id = :id")
                .bind("id", id)
                .bind("sequence", sequence)
                .execute();
    }

    static void learn(Handle transaction, Shape shape, Duration took) {
        double measured = took.toMillis() / shape.work();
        int known = transaction
                .createUpdate(
                        "update job_timing set millis_per_work = millis_per_work + :rate * (:measured - millis_per_work),"
                                + " samples = samples + 1 where timing = :timing")
                .bind("timing", shape.timing())
                .bind("rate", LEARNING_RATE)
                .bind("measured", measured)
                .execute();
        if (known == 0) {
            transaction
                    .createUpdate(
                            "insert into job_timing (timing, millis_per_work, samples) values (:timing, :measured, 1)"
                                    + " on conflict do nothing")
                    .bind("timing", shape.timing())
                    .bind("measured", measured)
                    .execute();
        }
    }

    static Optional<JobStore.Measured> measured(Handle handle, String timing) {
        return handle.createQuery("select millis_per_work, samples from job_timing where timing = :timing")
                .bind("timing", timing)
                .map((row, _) -> new JobStore.Measured(row.getDouble("millis_per_work"), row.getLong("samples")))
                .findOne();
    }

    static void requestCancel(Handle transaction, String id) {
        transaction
                .createUpdate("update job set cancel_requested = true where id = :id")
                .bind("id", id)
                .execute();
    }

    static List<String> cancelled(Handle handle, List<String> running) {
        return handle.createQuery("select id from job where cancel_requested and id in (<running>)")
                .bindList("running", running)
                .mapTo(String.class)
                .list();
    }

    static boolean markDeleted(Handle transaction, String id) {
        return transaction
                        .createUpdate("update job set deleted = true where id = :id")
                        .bind("id", id)
                        .execute()
                == 1;
    }

    static List<Job> expired(Handle handle, Instant now, int limit) {
        return handle.createQuery("select " + COLUMNS
                        + " from job where expires_at is not null and (deleted or expires_at <= :now)"
                        + " order by expires_at limit :limit")
                .bind("now", now.toEpochMilli())
                .bind("limit", limit)
                .map((row, _) -> job(row))
                .list();
    }

    static void remove(Handle handle, String id) {
        handle.createUpdate("delete from job where id = :id").bind("id", id).execute();
    }

    static List<Job> list(
            Handle handle, String tenant, JobFilter filter, @Nullable PageToken after, int limit, Instant now) {
        String page =
                after == null ? "" : " and (created_at < :afterTime or created_at = :afterTime and id < :afterId)";
        Query query = handle.createQuery("select " + COLUMNS + " from job where tenant = :tenant and not deleted"
                        + " and (expires_at is null or expires_at > :now)" + filter.sql() + page
                        + " order by created_at desc, id desc limit :limit")
                .bind("tenant", tenant)
                .bind("now", now.toEpochMilli())
                .bind("limit", limit);
        filter.bindings().forEach(query::bind);
        if (after != null) {
            query.bind("afterTime", after.createdAt()).bind("afterId", after.id());
        }
        return query.map((row, _) -> job(row)).list();
    }

    static JobStore.Line before(Handle handle, String tenant, long rank, @Nullable Job job) {
        String waiting = "tenant = :tenant and state = 'WAITING' and (priority * :ageing - created_at > :rank"
                + " or priority * :ageing - created_at = :rank and id < :id)";
        String handed =
                "tenant = :tenant and state = 'HANDED' and (:isWaiting or priority * :ageing - created_at > :rank)";
        String busy =
                "state in ('HANDED', 'RUNNING') and id <> :id and (:isWaiting or state = 'RUNNING' or priority * :ageing - created_at > :rank)";
        return handle.createQuery(
                        "select sum(case when (" + waiting + ") or (" + handed + ") then 1 else 0 end) as ahead,"
                                + " count(*) as busy, count(t.timing) as measured, sum(work * millis_per_work) as millis"
                                + " from job left join job_timing t on t.timing = job.timing"
                                + " where ((" + waiting + ") or (" + busy + "))")
                .bind("tenant", tenant)
                .bind("ageing", AGEING.toMillis())
                .bind("rank", rank)
                .bind("id", job == null ? "~" : job.id())
                .bind("isWaiting", job == null || job.phase() == JobPhase.WAITING)
                .map((row, _) -> line(row))
                .one();
    }

    private static JobStore.Line line(ResultSet row) throws SQLException {
        int busy = row.getInt("busy");
        boolean measured = row.getInt("measured") == busy;
        return new JobStore.Line(row.getInt("ahead"), busy, measured ? Duration.ofMillis(row.getLong("millis")) : null);
    }

    static void insertEvent(
            Handle transaction, String id, long sequence, @Nullable String kind, WatchOperationResponse event) {
        transaction
                .createUpdate(
                        "insert into job_event (job_id, sequence, kind, event) values (:id, :sequence, :kind, :event)")
                .bind("id", id)
                .bind("sequence", sequence)
                .bind("kind", kind)
                .bind("event", event.toByteArray())
                .execute();
    }

    static void deleteEvents(Handle transaction, String id, String kind) {
        transaction
                .createUpdate("delete from job_event where job_id = :id and kind = :kind")
                .bind("id", id)
                .bind("kind", kind)
                .execute();
    }

    static List<WatchOperationResponse> events(Handle handle, String id, long afterSequence, int limit) {
        return handle.createQuery(
                        "select event from job_event where job_id = :id and sequence > :after order by sequence limit :limit")
                .bind("id", id)
                .bind("after", afterSequence)
                .bind("limit", limit)
                .map((row, _) -> event(bytes(row, "event")))
                .list();
    }

    static int releaseAll(Handle handle) {
        return handle.createUpdate(
                        "update scheduled_tasks set picked = false, picked_by = null, last_heartbeat = null where picked")
                .execute();
    }

    private static WatchOperationResponse event(ByteString bytes) {
        try {
            return WatchOperationResponse.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("An event in the database is none", e);
        }
    }

    private static Job job(ResultSet row) throws SQLException {
        return new Job(
                row.getString("id"),
                row.getString("tenant"),
                JobKind.valueOf(row.getString("kind")),
                JobPhase.valueOf(row.getString("state")),
                row.getInt("priority"),
                Labels.parse(row.getString("labels")),
                nullToEmpty(row.getString("request_id")),
                new Shape(row.getString("timing"), row.getDouble("work")),
                row.getInt("attempt"),
                row.getInt("failures"),
                row.getInt("losses"),
                row.getInt("interruptions"),
                row.getBoolean("cancel_requested"),
                row.getBoolean("deleted"),
                row.getString("stage"),
                row.getInt("step"),
                row.getInt("steps"),
                row.getLong("last_sequence"),
                bytesOrNull(row, "response"),
                bytesOrNull(row, "error"),
                Duration.ofMillis(row.getLong("ttl_millis")),
                Instant.ofEpochMilli(row.getLong("created_at")),
                instant(row, "started_at"),
                instant(row, "ended_at"),
                instant(row, "expires_at"));
    }

    private static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
        long millis = row.getLong(column);
        return row.wasNull() ? null : Instant.ofEpochMilli(millis);
    }

    private static ByteString bytes(ResultSet row, String column) throws SQLException {
        ByteString bytes = bytesOrNull(row, column);
        return bytes == null ? ByteString.EMPTY : bytes;
    }

    private static @Nullable ByteString bytesOrNull(ResultSet row, String column) throws SQLException {
        byte[] bytes = row.getBytes(column);
        return bytes == null ? null : ByteString.copyFrom(bytes);
    }

    private static byte @Nullable [] array(@Nullable ByteString bytes) {
        return bytes == null ? null : bytes.toByteArray();
    }

    private static List<String> lines(String text) {
        return Arrays.stream(text.split("\n", -1))
                .filter(line -> !line.isEmpty())
                .toList();
    }

    private static String nullToEmpty(@Nullable String text) {
        return text == null ? "" : text;
    }
}
