// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.darkroom.conformance.LogCapture;
import dev.darkroom.gateway.v1.StreamUpscaleImageRequest;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.UpscaleParameters;
import io.grpc.Status;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the gateway logs at the finest level, whatever becomes of a request. */
final class PromptPrivacyTest {
    @Test
    void log_everyOutcome_neverHoldsThePrompt() {
        List<String> lines;
        try (LogCapture log = new LogCapture();
                TestingGateway gateway = new TestingGateway()) {
            gateway.generate(TestingGateway.request("served Quetzalcoatl"));
            gateway.generate(TestingGateway.request("flagged ghost Quetzalcoatl"));
            gateway.generate(TestingGateway.request("enlarged Quetzalcoatl").toBuilder()
                    .setUpscaleFactor(4)
                    .build());
            gateway.failure(TestingGateway.request("enlarged by too much Quetzalcoatl").toBuilder()
                    .setUpscaleFactor(3)
                    .build());
            gateway.upscale(StreamUpscaleImageRequest.newBuilder()
                    .setParameters(UpscaleParameters.newBuilder().setPrompt("enlarged Quetzalcoatl"))
                    .setImage(ByteString.copyFromUtf8("a picture of Quetzalcoatl"))
                    .build());
            gateway.failure(TestingGateway.request("blocked sword Quetzalcoatl"));
            gateway.failure(TestingGateway.request("refused \0 Quetzalcoatl"));
            gateway.failure(TestingGateway.request(ImageParameters.newBuilder()
                    .setPrompt("refused Quetzalcoatl")
                    .setNumInferenceSteps(0)));
            gateway.textToImage.altered = events -> events.flatMap(event -> Stream.of(event, event));
            gateway.failure(TestingGateway.request("failed Quetzalcoatl"));
            gateway.textToImage.refusal =
                    Status.UNKNOWN.withDescription("Quetzalcoatl").asRuntimeException();
            gateway.failure(TestingGateway.request("failed Quetzalcoatl"));
            gateway.safetyServer.close();
            gateway.failure(TestingGateway.request("unchecked Quetzalcoatl"));
            lines = log.lines();
        }

        assertThat(lines).anyMatch(line -> line.contains("StreamGenerateImages code=OK"));
        assertThat(lines).anyMatch(line -> line.contains("StreamUpscaleImage code=OK"));
        assertThat(lines).noneMatch(line -> line.contains("Quetzalcoatl"));
    }
}
