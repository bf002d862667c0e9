// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import com.google.rpc.Status;
import dev.darkroom.gateway.v1.AttemptEnd;
import dev.darkroom.gateway.v1.AttemptEnded;
import dev.darkroom.gateway.v1.WatchOperationResponse;
import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.StatusMapper;
import io.grpc.protobuf.StatusProto;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/** How jobs end that do not end with a response. */
final class Outcomes {
    private Outcomes() {}

    /** Of every job that was asked to stop. */
    static Status cancelled() {
        return status(new Fault.Cancelled("OPERATION_CANCELLED", "The operation was cancelled"));
    }

    /** What a caller is told of whatever an attempt threw; to be called on the thread that it was thrown on. */
    static Status status(Throwable thrown) {
        return Objects.requireNonNull(StatusProto.fromThrowable(StatusMapper.toStatus(thrown)));
    }

    static Status quarantined(Status last, int losses) {
        return status(new Fault.Aborted(
                "JOB_QUARANTINED",
                losses + " workers were lost while they worked on it; the last failure: " + last.getMessage(),
                Map.of("losses", String.valueOf(losses))));
    }

    static Status interruptedTooOften() {
        return status(new Fault.Aborted(
                "JOB_QUARANTINED",
                JobStore.MAX_INTERRUPTIONS + " gateways went down while they ran it",
                Map.of("interruptions", String.valueOf(JobStore.MAX_INTERRUPTIONS))));
    }

    static Consumer<WatchOperationResponse.Builder> interrupted(int attempt, Instant now) {
        AttemptEnded ended = AttemptEnded.newBuilder()
                .setAttempt(attempt)
                .setEnd(AttemptEnd.ATTEMPT_END_INTERRUPTED)
                .setRetryTime(JobStore.timestamp(now))
                .build();
        return event -> event.setAttemptEnded(ended);
    }
}
