// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import com.google.rpc.Status;
import dev.darkroom.gateway.v1.AttemptEnd;
import dev.darkroom.rpc.ErrorDetails;
import io.grpc.Status.Code;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.function.DoubleSupplier;

/**
 * What follows an attempt that failed. Only what may go better the next time is tried again: the service cannot be reached or aborts
 * (5 attempts), it has no room (until it has), or the worker was lost with the job (3 workers).
 */
final class RetryPolicy {
    static final int MAX_FAILURES = 5;
    static final int MAX_LOSSES = 3;

    private static final Duration BASE = Duration.ofSeconds(1);
    private static final Duration CAP = Duration.ofSeconds(60);

    private final DoubleSupplier random;

    /** @param random from 0 to 1 */
    RetryPolicy(DoubleSupplier random) {
        this.random = random;
    }

    /** What follows. */
    sealed interface Decision {
        /** Another attempt. */
        record Again(AttemptEnd end, Duration after) implements Decision {}

        /** No other one; the last one counts as {@code end}. */
        record Over(AttemptEnd end, JobPhase phase, Status error) implements Decision {}
    }

    /**
     * Decides.
     *
     * @param status that the attempt failed with
     * @param lostWorker whether it had begun at a worker that went away
     */
    Decision decide(Job job, Status status, boolean lostWorker) {
        ErrorDetails details = ErrorDetails.of(StatusProto.toStatusRuntimeException(status));
        Code code = details.code();
        if (lostWorker) {
            int losses = job.losses() + 1;
            return losses >= MAX_LOSSES
                    ? new Decision.Over(
                            AttemptEnd.ATTEMPT_END_LOST, JobPhase.QUARANTINED, Outcomes.quarantined(status, losses))
                    : new Decision.Again(AttemptEnd.ATTEMPT_END_LOST, backOff(losses));
        }
        Duration asked = details.retryAfter();
        if (code == Code.RESOURCE_EXHAUSTED && asked != null) {
            return new Decision.Again(AttemptEnd.ATTEMPT_END_POSTPONED, asked.plus(backOff(1)));
        }
        boolean transientFailure = code == Code.UNAVAILABLE || code == Code.ABORTED;
        return transientFailure && job.failures() + 1 < MAX_FAILURES
                ? new Decision.Again(AttemptEnd.ATTEMPT_END_FAILED, backOff(job.failures() + 1))
                : new Decision.Over(AttemptEnd.ATTEMPT_END_FAILED, JobPhase.FAILED, status);
    }

    /** Full jitter: anything from nothing to twice as much as before, at most a minute. */
    private Duration backOff(int attempts) {
        long most = Math.min(CAP.toMillis(), BASE.toMillis() << Math.min(attempts - 1, 16));
        return Duration.ofMillis(Math.round(random.getAsDouble() * most));
    }
}
