// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.rpc.Status;
import dev.darkroom.gateway.database.Transactions;
import dev.darkroom.gateway.v1.AttemptEnd;
import dev.darkroom.gateway.v1.AttemptEnded;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.rpc.Fault;
import io.grpc.Context;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One attempt while it runs here, and what its end means for the job. */
final class Running implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Running.class);

    private final Claim claim;
    private final Attempt attempt;
    private final JobStore store;
    private final JobConfiguration configuration;
    private final Context.CancellableContext context;
    private final AtomicReference<@Nullable Reason> stopped = new AtomicReference<>();
    private final long startNanos = System.nanoTime();

    /** Why somebody else than the work itself ended it. */
    enum Reason {
        CANCELLED,
        STALLED,
        HANDED_OVER
    }

    /** What becomes of the engine's row. */
    sealed interface End {
        /** It goes. */
        record Over(JobPhase phase) implements End {}

        /** It is due again. */
        record Again(Instant at) implements End {}

        /** It is no longer this attempt's. */
        record Stale() implements End {}
    }

    Running(
            Claim claim,
            Attempt attempt,
            JobStore store,
            JobConfiguration configuration,
            ScheduledExecutorService timer) {
        this.claim = claim;
        this.attempt = attempt;
        this.store = store;
        this.configuration = configuration;
        this.context =
                Context.ROOT.withDeadlineAfter(configuration.attemptTimeout().toMillis(), TimeUnit.MILLISECONDS, timer);
    }

    /** Does the work and writes down how it ended. */
    @SuppressWarnings("CatchingUnchecked") // Whatever the work throws ends the attempt, and only that.
    End perform(JobWork work, RetryPolicy retries) {
        try {
            Message response = context.call(() -> work.perform(attempt));
            Duration took = took();
            write(() -> store.succeed(claim, Any.pack(response).toByteString(), took));
            return over(JobPhase.SUCCEEDED, "");
        } catch (Exception | Error thrown) {
            return ended(thrown, retries);
        }
    }

    private End ended(Throwable thrown, RetryPolicy retries) {
        try {
            return switch (stopped.get()) {
                case CANCELLED -> cancelled();
                case HANDED_OVER -> again(AttemptEnd.ATTEMPT_END_POSTPONED, Status.getDefaultInstance(), Duration.ZERO);
                case STALLED ->
                    decide(retries.decide(claim.job(), Outcomes.status(stalled()), true), Outcomes.status(stalled()));
                case null -> thrown instanceof StaleAttemptException ? staleOrCancelled() : failed(thrown, retries);
            };
        } catch (StaleAttemptException _) {
            return stale();
        }
    }

    private End failed(Throwable thrown, RetryPolicy retries) {
        Status status = Outcomes.status(thrown);
        if (context.isCancelled()
                || reason(status).equals("DEADLINE_EXCEEDED")) { // the worker's own is a little shorter
            String message = "The attempt took longer than " + configuration.attemptTimeout();
            status = Outcomes.status(new Fault.TooShort("ATTEMPT_TIMEOUT", message, Map.of()));
        }
        return decide(retries.decide(claim.job(), status, isLostWorker(status)), status);
    }

    /** A connection that broke after the worker had begun; before, nobody was lost. */
    private boolean isLostWorker(Status status) {
        ErrorDetails details = ErrorDetails.of(StatusProto.toStatusRuntimeException(status));
        return attempt.wasAtWorker() && details.reason().matches("TEXT2(IMAGE|VIDEO)_UNAVAILABLE");
    }

    private End decide(RetryPolicy.Decision decision, Status status) {
        return switch (decision) {
            case RetryPolicy.Decision.Again(AttemptEnd end, Duration after) -> again(end, status, after);
            case RetryPolicy.Decision.Over(AttemptEnd end, JobPhase phase, Status error) -> {
                write(() -> store.end(claim, phase, error, end));
                yield over(phase, reason(error));
            }
        };
    }

    private End again(AttemptEnd end, Status status, Duration after) {
        Instant at = Instant.now().plus(after);
        AttemptEnded.Builder ended = AttemptEnded.newBuilder()
                .setAttempt(claim.job().attempt())
                .setEnd(end)
                .setRetryTime(JobStore.timestamp(at));
        if (status.getCode() != 0) {
            ended.setStatus(status);
        }
        write(() -> store.retry(claim, ended.build()));
        log(end.name(), reason(status));
        return new End.Again(at);
    }

    /** What was done is not thrown away because the database is away: it is written down when that is back. */
    private void write(Runnable end) {
        Transactions.patiently(() -> stopped.get() != Reason.HANDED_OVER, () -> {
            end.run();
            return true;
        });
    }

    private End cancelled() {
        write(() -> store.end(claim, JobPhase.CANCELLED, Outcomes.cancelled(), AttemptEnd.ATTEMPT_END_UNSPECIFIED));
        return over(JobPhase.CANCELLED, "OPERATION_CANCELLED");
    }

    /** A write was refused: either the job was asked to stop, which this attempt has to confirm, or somebody else has it. */
    private End staleOrCancelled() {
        return store.cancelled(List.of(claim.job().id())).isEmpty() ? stale() : cancelled();
    }

    private End stale() {
        log("STALE", "");
        return new End.Stale();
    }

    private End over(JobPhase phase, String reason) {
        log(phase.name(), reason);
        return new End.Over(phase);
    }

    private Fault stalled() {
        return new Fault.Unavailable(
                "WORKER_STALLED", "The worker told nothing for " + configuration.stallTimeout(), Duration.ofSeconds(1));
    }

    /** Ends the calls of the attempt. The first reason counts. */
    void cancel(Reason reason) {
        if (stopped.compareAndSet(null, reason)) {
            context.cancel(new CancellationException(reason.name()));
        }
    }

    void cancelIfStalled() {
        if (attempt.silence().compareTo(configuration.stallTimeout()) > 0) {
            cancel(Reason.STALLED);
        }
    }

    @Override
    public void close() {
        context.cancel(null);
    }

    private Duration took() {
        return Duration.ofNanos(System.nanoTime() - startNanos);
    }

    private static String reason(Status status) {
        return status.getCode() == 0
                ? ""
                : ErrorDetails.of(StatusProto.toStatusRuntimeException(status)).reason();
    }

    private void log(String outcome, String reason) {
        Job job = claim.job();
        LOG.info(
                "event=attempt operation={} kind={} attempt={} outcome={} reason={} latency_ms={}",
                job.name(),
                job.kind(),
                job.attempt(),
                outcome,
                reason,
                took().toMillis());
    }
}
