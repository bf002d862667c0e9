// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.v1.JobKind;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A job that was checked and is not stored yet.
 *
 * @param requestId empty for none
 * @param requestHash of the request without its id, 64 hexadecimal digits
 * @param policies safety policies of the caller's API key
 */
record NewJob(
        String tenant,
        JobKind kind,
        ByteString request,
        String requestHash,
        String requestId,
        List<String> policies,
        int priority,
        Map<String, String> labels,
        Duration ttl,
        Shape shape) {}
