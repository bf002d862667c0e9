// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import dev.darkroom.rpc.ServiceApplication;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ArtifactConfigurationTest {
    @Test
    void artifacts_nothingSet_haveTheDefaultsOfApplicationYml() {
        assertThat(configuration(Map.of())).isEqualTo(ArtifactConfiguration.defaults());
    }

    @Test
    void artifacts_everythingSet_isMapped() {
        assertThat(configuration(Map.of(
                        "darkroom.gateway.artifacts.default-ttl", "1h",
                        "darkroom.gateway.artifacts.max-ttl", "2h",
                        "darkroom.gateway.artifacts.max-upload-bytes", 3,
                        "darkroom.gateway.artifacts.sweep-interval", "4s")))
                .isEqualTo(
                        new ArtifactConfiguration(Duration.ofHours(1), Duration.ofHours(2), 3, Duration.ofSeconds(4)));
    }

    private static ArtifactConfiguration configuration(Map<String, ?> properties) {
        try (ServiceApplication gateway = ServiceApplication.named("gateway")
                .property("grpc.server.port", 0)
                .property("darkroom.gateway.data", "")
                .properties(properties)
                .start()) {
            return gateway.context().getBean(ArtifactConfiguration.class);
        }
    }
}
