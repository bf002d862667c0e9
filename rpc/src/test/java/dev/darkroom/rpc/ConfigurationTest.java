// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micronaut.context.ApplicationContext;
import io.micronaut.context.env.PropertySource;
import io.micronaut.context.env.PropertySource.PropertyConvention;
import io.micronaut.context.exceptions.ConfigurationException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ConfigurationTest {

    @Test
    void rpc_nothingSet_hasTheDefaults() {
        assertThat(bean(RpcConfiguration.class, Map.of()))
                .isEqualTo(new RpcConfiguration(
                        RpcConfiguration.Callers.GATEWAY,
                        Duration.ofMinutes(10),
                        Duration.ofHours(1),
                        Duration.ofMillis(200),
                        4_194_304,
                        16_384,
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(2)));
    }

    @Test
    void rpc_everythingSet_isMapped() {
        Map<String, Object> properties = new HashMap<>();
        properties.put("darkroom.rpc.callers", "ANYONE");
        properties.put("darkroom.rpc.default-deadline", "1m");
        properties.put("darkroom.rpc.max-deadline", "2m");
        properties.put("darkroom.rpc.deadline-margin", "3ms");
        properties.put("darkroom.rpc.max-inbound-message-size", 4);
        properties.put("darkroom.rpc.max-inbound-metadata-size", 5);
        properties.put("darkroom.rpc.drain-timeout", "6s");
        properties.put("darkroom.rpc.loading-retry-after", "7s");

        assertThat(bean(RpcConfiguration.class, properties))
                .isEqualTo(new RpcConfiguration(
                        RpcConfiguration.Callers.ANYONE,
                        Duration.ofMinutes(1),
                        Duration.ofMinutes(2),
                        Duration.ofMillis(3),
                        4,
                        5,
                        Duration.ofSeconds(6),
                        Duration.ofSeconds(7)));
    }

    @Test
    void admission_nothingAndEverythingSet_isMapped() {
        assertThat(bean(Admission.Configuration.class, Map.of()))
                .isEqualTo(new Admission.Configuration(1, 16, Duration.ofSeconds(5)));
        assertThat(bean(
                        Admission.Configuration.class,
                        Map.of(
                                "darkroom.admission.running", 2,
                                "darkroom.admission.waiting", 3,
                                "darkroom.admission.expected-time", "4s")))
                .isEqualTo(new Admission.Configuration(2, 3, Duration.ofSeconds(4)));
    }

    @Test
    void backendToken_fromTheEnvironment_isMapped(@TempDir Path folder) throws Exception {
        assertThat(token(Map.of("DARKROOM_BACKEND_TOKEN", "0123456789abcdef"))).isEqualTo("0123456789abcdef");
        Path file = Files.writeString(folder.resolve("token"), "fedcba9876543210\n");
        assertThat(token(Map.of("DARKROOM_BACKEND_TOKEN_FILE", file.toString())))
                .isEqualTo("fedcba9876543210");
        assertThat(token(Map.of())).isNull();
        assertThat(token(Map.of("DARKROOM_BACKEND_TOKEN", "", "DARKROOM_BACKEND_TOKEN_FILE", "")))
                .isNull();
    }

    @Test
    void backendToken_unusable_isRefusedWithoutBeingQuoted() {
        assertThatThrownBy(() -> new BackendCredential.Configuration("short", null).token())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageNotContaining("short");
        assertThatThrownBy(() -> new BackendCredential.Configuration("0123456789abcdef", Path.of("x")).token())
                .isInstanceOf(ConfigurationException.class);
        assertThatThrownBy(() -> new BackendCredential.Configuration(null, Path.of("/absent")).token())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("/absent");
        assertThat(new BackendCredential.Configuration("0123456789abcdef", null).toString())
                .doesNotContain("0123");
    }

    private static @Nullable String token(Map<String, Object> environment) {
        PropertySource variables = PropertySource.of(
                "variables", environment, PropertyConvention.ENVIRONMENT_VARIABLE, PropertySource.Origin.of("test"));
        try (ApplicationContext context = ApplicationContext.builder()
                .propertySources(variables)
                .environmentPropertySource(false)
                .start()) {
            return context.getBean(BackendCredential.Configuration.class).token();
        }
    }

    private static <T> T bean(Class<T> type, Map<String, Object> properties) {
        try (ApplicationContext context = ApplicationContext.builder()
                .properties(properties)
                .environmentPropertySource(false)
                .start()) {
            return context.getBean(type);
        }
    }
}
