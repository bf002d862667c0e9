// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.safety;

import static org.assertj.core.api.Assertions.assertThat;

import dev.darkroom.rpc.ServiceApplication;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetyConfigurationTest {

    @Test
    void configuration_nothingSet_hasNoDirectory() {
        assertThat(configuration()).isEqualTo(new SafetyConfiguration(""));
    }

    @Test
    void configuration_everyKeySet_isMapped(@TempDir Path policies) {
        assertThat(configuration("--darkroom.safety.policies-directory=" + policies))
                .isEqualTo(new SafetyConfiguration(policies.toString()));
    }

    private static SafetyConfiguration configuration(String... arguments) {
        try (ServiceApplication application = ServiceApplication.named(Application.NAME)
                .property("grpc.server.port", 0)
                .arguments(arguments)
                .start()) {
            return application.context().getBean(SafetyConfiguration.class);
        }
    }
}
