// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import dev.darkroom.gateway.v1.JobOptions;
import dev.darkroom.rpc.Violations;
import java.time.Duration;

/** The limits of {@code JobOptions}, as {@code operations.proto} has them. */
final class OptionsCheck {
    private static final int MAX_PRIORITY = 10;
    private static final Duration MIN_TTL = Duration.ofMinutes(1);

    /** So long a request id is good for. */
    private static final Duration MIN_TTL_WITH_REQUEST_ID = Duration.ofHours(24);

    private OptionsCheck() {}

    static void check(JobOptions options, Duration maxTtl, Violations violations) {
        String requestId = options.getRequestId();
        violations.check(
                requestId.matches("[\\x21-\\x7e]{0,64}"),
                "options.request_id",
                "at most 64 printable ASCII characters",
                requestId);
        violations.range("options.priority", options.getPriority(), -MAX_PRIORITY, MAX_PRIORITY);
        if (options.hasTtl()) {
            Duration least = requestId.isEmpty() ? MIN_TTL : MIN_TTL_WITH_REQUEST_ID;
            long seconds = options.getTtl().getSeconds();
            violations.range("options.ttl", seconds, least.toSeconds(), maxTtl.toSeconds());
        }
        int labels = options.getLabelsCount();
        violations.check(labels <= Labels.MAX, "options.labels", "at most " + Labels.MAX, labels);
        options.getLabelsMap().forEach((key, value) -> checkLabel(key, value, violations));
    }

    private static void checkLabel(String key, String value, Violations violations) {
        violations.check(
                Labels.KEY.matcher(key).matches(),
                "options.labels",
                "of keys of 1 to 63 characters a-z 0-9 _ - that begin with a letter",
                key);
        violations.check(
                Labels.VALUE.matcher(value).matches(),
                "options.labels",
                "of values of 0 to 63 characters a-z A-Z 0-9 _ . -",
                value);
    }
}
