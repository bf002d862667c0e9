// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.darkroom.rpc.ServiceApplication;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class JobConfigurationTest {
    @Test
    void read_nothingSet_hasTheDefaults() {
        assertThat(read(Map.of()))
                .isEqualTo(new JobConfiguration(
                        8,
                        16,
                        10_000,
                        Duration.ofSeconds(20),
                        Duration.ofSeconds(1),
                        Duration.ofHours(1),
                        Duration.ofMinutes(5),
                        10,
                        Duration.ofSeconds(20),
                        Duration.ofDays(7),
                        Duration.ofDays(30)));
    }

    @Test
    void read_everyKey_isMapped() {
        assertThat(read(Map.ofEntries(
                        Map.entry("concurrency", "1"),
                        Map.entry("window", "2"),
                        Map.entry("max-waiting", "3"),
                        Map.entry("lease", "4s"),
                        Map.entry("poll", "5s"),
                        Map.entry("attempt-timeout", "6m"),
                        Map.entry("stall-timeout", "7s"),
                        Map.entry("checkpoint-interval", "8"),
                        Map.entry("drain-timeout", "9ms"),
                        Map.entry("default-ttl", "10m"),
                        Map.entry("max-ttl", "11h"))))
                .isEqualTo(new JobConfiguration(
                        1,
                        2,
                        3,
                        Duration.ofSeconds(4),
                        Duration.ofSeconds(5),
                        Duration.ofMinutes(6),
                        Duration.ofSeconds(7),
                        8,
                        Duration.ofMillis(9),
                        Duration.ofMinutes(10),
                        Duration.ofHours(11)));
    }

    private static JobConfiguration read(Map<String, String> properties) {
        ServiceApplication.Builder gateway = ServiceApplication.named("gateway")
                .property("grpc.server.port", 0)
                .property("darkroom.gateway.data", "");
        properties.forEach((key, value) -> gateway.property("darkroom.gateway.jobs." + key, value));
        try (ServiceApplication started = gateway.start()) {
            return started.context().getBean(JobConfiguration.class);
        }
    }
}
