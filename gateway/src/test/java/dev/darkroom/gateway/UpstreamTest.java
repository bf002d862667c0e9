// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.darkroom.rpc.Fault;
import dev.darkroom.safety.v1.CheckPromptRequest;
import dev.darkroom.safety.v1.CheckPromptResponse;
import dev.darkroom.safety.v1.SafetyServiceGrpc;
import io.micronaut.context.exceptions.ConfigurationException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class UpstreamTest {
    private static final CheckPromptRequest REQUEST =
            CheckPromptRequest.newBuilder().setPrompt("a fox").build();

    @TempDir
    private Path folder = Path.of("");

    @Test
    void call_serviceWithATrustedCertificate_isAnswered() throws Exception {
        TestingCertificate certificate = TestingCertificate.create(folder);
        try (TestingUpstream server = new TestingUpstream(new TestingSafetyService(), certificate.serverCredentials());
                Upstream upstream = upstream(server.address(), certificate.pem())) {
            assertThat(check(upstream).getPolicies(0).getName()).isEqualTo("default");
        }
    }

    @Test
    void call_serviceWithAStrangersCertificate_isUnavailable() throws Exception {
        TestingCertificate certificate = TestingCertificate.create(folder);
        TestingSafetyService safety = new TestingSafetyService();
        try (TestingUpstream server = new TestingUpstream(safety, certificate.serverCredentials());
                Upstream upstream = upstream(server.address(), null)) {
            assertThatExceptionOfType(Fault.Unavailable.class).isThrownBy(() -> check(upstream));
            assertThat(safety.calls).hasValue(0);
        }
    }

    @Test
    void upstream_trustFileThatIsNotThere_namesTheKey() {
        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> upstream("localhost:1", folder.resolve("absent.pem")))
                .withMessageContaining("darkroom.upstreams.safety.trust-file");
    }

    private static Upstream upstream(String address, @Nullable Path trustFile) {
        UpstreamConfiguration config = new UpstreamConfiguration(
                "safety",
                address,
                true,
                trustFile,
                Duration.ofSeconds(10),
                Duration.ofSeconds(30),
                Duration.ofSeconds(10));
        return new Upstream(config, List.of(SafetyServiceGrpc.getCheckPromptMethod()), List.of());
    }

    private static CheckPromptResponse check(Upstream upstream) {
        return upstream.call(
                SafetyServiceGrpc.newBlockingStub(upstream.channel()), service -> service.checkPrompt(REQUEST));
    }
}
