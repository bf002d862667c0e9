// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import com.google.longrunning.Operation;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import dev.darkroom.gateway.database.Database;
import dev.darkroom.gateway.v1.EstimateGenerationResponse;
import dev.darkroom.gateway.v1.JobOptions;
import dev.darkroom.gateway.v1.WatchOperationRequest;
import dev.darkroom.gateway.v1.WatchOperationResponse;
import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.RequestLog;
import dev.darkroom.rpc.ResponseStream;
import dev.darkroom.rpc.Violations;
import io.grpc.Context;
import jakarta.inject.Singleton;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Jobs as their tenants see them. Thread-safe. */
@Singleton
public final class Jobs {
    private static final Duration RETRY_AFTER = Duration.ofSeconds(5);
    private static final Duration STOPPING_RETRY_AFTER = Duration.ofSeconds(1);

    /** News of jobs that run here come at once, those of other gateways within this time. */
    private static final Duration OTHERS_NEWS = Duration.ofMillis(250);

    private static final Duration OWN_NEWS = Duration.ofSeconds(5);
    private static final int PAGE = 100;

    private final JobStore store;
    private final JobEngine engine;
    private final Signals signals;
    private final Operations operations;
    private final JobConfiguration configuration;
    private final Duration news;

    Jobs(
            JobStore store,
            JobEngine engine,
            Signals signals,
            Operations operations,
            JobConfiguration configuration,
            Database database) {
        this.store = store;
        this.engine = engine;
        this.signals = signals;
        this.operations = operations;
        this.configuration = configuration;
        this.news = database.isEmbedded() ? OWN_NEWS : OTHERS_NEWS;
    }

    /** Adds what is wrong with the options of a request, as fields of {@code options}. */
    public void check(JobOptions options, Violations violations) {
        OptionsCheck.check(options, configuration.maxTtl(), violations);
    }

    /**
     * Stores a job, which is durable when this returns.
     *
     * @throws Fault.AlreadyExists REQUEST_ID_REUSED
     * @throws Fault.Overloaded JOBS_FULL
     */
    public Operation submit(Submission submission) {
        JobOptions options = submission.options();
        String tenant = submission.tenant();
        NewJob job = new NewJob(
                tenant,
                submission.kind(),
                submission.request().toByteString(),
                hash(submission.asked()),
                options.getRequestId(),
                submission.policies(),
                options.getPriority(),
                options.getLabelsMap(),
                ttl(options),
                submission.shape());
        if (options.getValidateOnly()) {
            return operations.ofUnsubmitted(job);
        }
        Job stored = switch (store.submit(job, configuration.maxWaiting())) {
            case JobStore.Submitted.Stored(Job it) -> {
                engine.handOver(tenant);
                yield it;
            }
            case JobStore.Submitted.Known(Job it) -> it;
            case JobStore.Submitted.Conflict _ -> throw reused(options.getRequestId());
            case JobStore.Submitted.Full(int waiting) -> throw full(waiting);
        };
        RequestLog.put("operation", stored.name());
        return operations.of(stored);
    }

    /** Predicts how long a job of this shape would wait and take. */
    public EstimateGenerationResponse estimate(String tenant, JobOptions options, Shape shape, long steps) {
        return operations.estimate(tenant, options.getPriority(), shape, steps);
    }

    /**
     * Returns an operation as it is now.
     *
     * @throws Fault.NotFound OPERATION_UNKNOWN
     */
    Operation get(String tenant, String name) {
        return operations.of(find(tenant, name));
    }

    /** As {@link #get}, when it has ended, or the time is over, or the gateway goes down. */
    Operation await(String tenant, String name, Duration atMost) throws InterruptedException {
        Job job = find(tenant, name);
        long end = System.nanoTime() + atMost.toNanos();
        try (Signals.Subscription subscription = signals.subscribe(job.id())) {
            wakeAtEndOfCall(subscription);
            while (!job.phase().isTerminal() && System.nanoTime() < end && isWanted()) {
                long left = Math.max(0, end - System.nanoTime());
                subscription.await(Duration.ofNanos(Math.min(left, news.toNanos())));
                job = find(tenant, name);
            }
        }
        return operations.of(job);
    }

    /**
     * Sends the events of an operation until its end, those that there were first. Between two reads of the database only a number is held,
     * so a watcher that reads slowly costs nobody anything.
     *
     * @throws Fault.NotFound OPERATION_UNKNOWN
     * @throws Fault.Unavailable GATEWAY_STOPPING, when another gateway has to be asked for the rest
     */
    public void watch(String tenant, WatchOperationRequest request, ResponseStream<WatchOperationResponse> responses)
            throws InterruptedException {
        Violations violations = new Violations();
        violations.range("after_sequence", request.getAfterSequence(), 0, Long.MAX_VALUE);
        violations.throwIfAny();
        long seen = request.getAfterSequence();
        String id = find(tenant, request.getName()).id();
        try (Signals.Subscription subscription = signals.subscribe(id)) {
            wakeAtEndOfCall(subscription);
            while (true) {
                Job job = find(
                        tenant, request.getName()); // before its events: of one that has ended none is missing then
                seen = sendEvents(id, seen, responses);
                if (job.phase().isTerminal()) {
                    sendEnd(job, seen, responses);
                    return;
                }
                requireRunningGateway();
                subscription.await(news);
                responses.throwIfCancelled();
            }
        }
    }

    private long sendEvents(String id, long after, ResponseStream<WatchOperationResponse> responses) {
        long seen = after;
        List<WatchOperationResponse> events;
        do {
            events = store.events(id, seen, PAGE);
            for (WatchOperationResponse event : events) {
                responses.send(event);
                seen = event.getSequence();
            }
        } while (events.size() == PAGE);
        return seen;
    }

    private void sendEnd(Job job, long seen, ResponseStream<WatchOperationResponse> responses) {
        if (seen < job.lastSequence()) {
            Instant ended = Optional.ofNullable(job.endedAt()).orElse(job.createdAt());
            responses.send(WatchOperationResponse.newBuilder()
                    .setSequence(job.lastSequence())
                    .setTime(JobStore.timestamp(ended))
                    .setDone(operations.of(job))
                    .build());
        }
    }

    private void requireRunningGateway() {
        if (signals.isClosed()) {
            throw new Fault.Unavailable(
                    "GATEWAY_STOPPING", "This gateway goes down; watch on at another one", STOPPING_RETRY_AFTER);
        }
    }

    private boolean isWanted() {
        return !signals.isClosed() && !Context.current().isCancelled();
    }

    private static void wakeAtEndOfCall(Signals.Subscription subscription) {
        Context.current().addListener(_ -> subscription.wake(), Runnable::run);
    }

    /** @throws Fault.NotFound OPERATION_UNKNOWN */
    void cancel(String tenant, String name) {
        Job job = store.cancel(tenant, id(name)).orElseThrow(() -> unknown(name));
        engine.cancelHere(job.id());
        signals.changed(job.id());
        engine.handOver(tenant);
    }

    /** @throws Fault.NotFound OPERATION_UNKNOWN */
    void delete(String tenant, String name) {
        if (!store.delete(tenant, id(name))) {
            throw unknown(name);
        }
    }

    /** The operations of a tenant, the newest first. */
    List<Job> list(String tenant, JobFilter filter, @Nullable PageToken after, int limit) {
        return store.list(tenant, filter, after, limit);
    }

    private Job find(String tenant, String name) {
        return store.find(tenant, id(name)).orElseThrow(() -> unknown(name));
    }

    private static String id(String name) {
        if (!name.startsWith(Job.COLLECTION)) {
            throw unknown(name);
        }
        return name.substring(Job.COLLECTION.length());
    }

    private static Fault unknown(String name) {
        return new Fault.NotFound("OPERATION_UNKNOWN", "operation", name, List.of());
    }

    private static Fault reused(String requestId) {
        return new Fault.AlreadyExists(
                "REQUEST_ID_REUSED",
                "options.request_id " + requestId + " was used with another request",
                Map.of("field", "options.request_id"));
    }

    private Fault full(int waiting) {
        return new Fault.Overloaded(
                "JOBS_FULL",
                "jobs",
                waiting + " jobs wait already; at most " + configuration.maxWaiting() + " may",
                RETRY_AFTER,
                Map.of("queue_position", String.valueOf(waiting), "limit", String.valueOf(configuration.maxWaiting())));
    }

    private Duration ttl(JobOptions options) {
        return options.hasTtl()
                ? Duration.ofSeconds(
                        options.getTtl().getSeconds(), options.getTtl().getNanos())
                : configuration.defaultTtl();
    }

    /** SHA-256 of the type and the content of a request; equal for equal ones, whatever the order of their maps. */
    private static String hash(Message request) {
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream(request.getSerializedSize());
            CodedOutputStream output = CodedOutputStream.newInstance(bytes);
            output.useDeterministicSerialization();
            request.writeTo(output);
            output.flush();
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            sha256.update(ByteString.copyFromUtf8(request.getDescriptorForType().getFullName())
                    .toByteArray());
            return HexFormat.of().formatHex(sha256.digest(bytes.toByteArray()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java platform has SHA-256
        }
    }
}
