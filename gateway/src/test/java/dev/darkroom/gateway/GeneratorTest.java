// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The call to text2image without a caller around it whose end would end it too. */
final class GeneratorTest {
    @Test
    void generate_consumerThrows_cancelsTheCall() throws InterruptedException {
        TestingTextToImageService service = new TestingTextToImageService();
        service.hanging = _ -> true;
        try (TestingUpstream server = new TestingUpstream(service);
                Upstream upstream = upstream(server)) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> new Generator(upstream).generate(GenerateRequest.getDefaultInstance(), _ -> {
                        throw new IllegalStateException("enough");
                    }));

            assertThat(service.calls.remove().cancelled.await(5, TimeUnit.SECONDS))
                    .isTrue();
        }
    }

    private static Upstream upstream(TestingUpstream server) {
        UpstreamConfiguration configuration = new UpstreamConfiguration(
                "text2image",
                server.address(),
                false,
                null,
                Duration.ofSeconds(5),
                Duration.ofSeconds(30),
                Duration.ofSeconds(10));
        return new Upstream(configuration, List.of(TextToImageServiceGrpc.getListModelsMethod()), List.of());
    }
}
