// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.v1.JobKind;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One job as the database has it, but for the request.
 *
 * @param attempt attempts that began; the number of the latest is its fencing token
 * @param response a packed {@code google.protobuf.Any}; null unless it succeeded
 * @param error a {@code google.rpc.Status}; null unless it ended otherwise
 */
record Job(
        String id,
        String tenant,
        JobKind kind,
        JobPhase phase,
        int priority,
        Map<String, String> labels,
        String requestId,
        Shape shape,
        int attempt,
        int failures,
        int losses,
        int interruptions,
        boolean cancelRequested,
        boolean deleted,
        String stage,
        int step,
        int steps,
        long lastSequence,
        @Nullable ByteString response,
        @Nullable ByteString error,
        Duration ttl,
        Instant createdAt,
        @Nullable Instant startedAt,
        @Nullable Instant endedAt,
        @Nullable Instant expiresAt) {

    static final String COLLECTION = "operations/";

    /** Name of the operation. */
    String name() {
        return COLLECTION + id;
    }
}
