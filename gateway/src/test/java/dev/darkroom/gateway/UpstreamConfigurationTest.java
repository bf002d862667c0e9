// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.darkroom.rpc.RpcConfiguration;
import dev.darkroom.rpc.ServiceApplication;
import io.micronaut.inject.qualifiers.Qualifiers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class UpstreamConfigurationTest {
    @Test
    void upstreams_nothingSet_haveTheDefaultsOfApplicationYml() {
        try (ServiceApplication gateway = start(Map.of())) {
            assertThat(config(gateway, "text2image"))
                    .isEqualTo(new UpstreamConfiguration(
                            "text2image",
                            "127.0.0.1:50051",
                            false,
                            null,
                            Duration.ofSeconds(5),
                            Duration.ofSeconds(30),
                            Duration.ofSeconds(10)));
            assertThat(config(gateway, "safety"))
                    .isEqualTo(new UpstreamConfiguration(
                            "safety",
                            "127.0.0.1:50052",
                            false,
                            null,
                            Duration.ofSeconds(5),
                            Duration.ofSeconds(30),
                            Duration.ofSeconds(10)));
            assertThat(config(gateway, "caption"))
                    .isEqualTo(new UpstreamConfiguration(
                            "caption",
                            "",
                            false,
                            null,
                            Duration.ofSeconds(30),
                            Duration.ofSeconds(30),
                            Duration.ofSeconds(10)));
            assertThat(config(gateway, "text2video"))
                    .isEqualTo(new UpstreamConfiguration(
                            "text2video",
                            "",
                            false,
                            null,
                            Duration.ofSeconds(5),
                            Duration.ofSeconds(30),
                            Duration.ofSeconds(10)));
            assertThat(gateway.context().getBean(GatewayConfiguration.class))
                    .isEqualTo(new GatewayConfiguration(false, 4));
            assertThat(gateway.context().getBeansOfType(Upstream.class))
                    .extracting(Upstream::name)
                    .containsExactlyInAnyOrder("text2image", "safety");
            assertThat(gateway.context().getBean(RpcConfiguration.class).callers())
                    .isEqualTo(RpcConfiguration.Callers.ANYONE);
        }
    }

    @Test
    void upstreams_variablesNamedInApplicationYml_setEveryKey(@TempDir Path folder) throws Exception {
        Path pem = TestingCertificate.create(folder).pem();
        Map<String, String> variables = Map.of(
                "DARKROOM_SAFETY_ADDRESS", "dns:///safety-svc:50051",
                "DARKROOM_SAFETY_TLS", "true",
                "DARKROOM_SAFETY_TRUST_FILE", pem.toString(),
                "DARKROOM_SAFETY_TIMEOUT", "2s",
                "DARKROOM_SAFETY_KEEP_ALIVE", "1m",
                "DARKROOM_SAFETY_KEEP_ALIVE_TIMEOUT", "20s",
                "DARKROOM_TEXT2IMAGE_ADDRESS", "text2image-svc:50051",
                "DARKROOM_CAPTION_ADDRESS", "caption-svc:50053",
                "DARKROOM_CAPTION_TIMEOUT", "1m");
        try (ServiceApplication gateway = start(variables)) {
            assertThat(config(gateway, "safety"))
                    .isEqualTo(new UpstreamConfiguration(
                            "safety",
                            "dns:///safety-svc:50051",
                            true,
                            pem,
                            Duration.ofSeconds(2),
                            Duration.ofMinutes(1),
                            Duration.ofSeconds(20)));
            assertThat(config(gateway, "text2image").address()).isEqualTo("text2image-svc:50051");
            assertThat(config(gateway, "caption").address()).isEqualTo("caption-svc:50053");
            assertThat(config(gateway, "caption").timeout()).isEqualTo(Duration.ofMinutes(1));
            assertThat(gateway.context().getBeansOfType(Upstream.class)).hasSize(3);
        }
    }

    private static ServiceApplication start(Map<String, String> properties) {
        return ServiceApplication.named("gateway")
                .properties(properties)
                .property("grpc.server.port", 0)
                .start();
    }

    private static UpstreamConfiguration config(ServiceApplication gateway, String name) {
        return gateway.context().getBean(UpstreamConfiguration.class, Qualifiers.byName(name));
    }
}
