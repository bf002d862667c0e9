// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.safety;

import com.google.protobuf.ByteString;
import dev.darkroom.conformance.Example;
import dev.darkroom.conformance.ServiceConformance;
import dev.darkroom.rpc.ServiceApplication;
import dev.darkroom.safety.v1.CheckOutputRequest;
import dev.darkroom.safety.v1.SafetyServiceGrpc;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** What holds for every call, for the check of pictures: the secret stands in the picture's own text. */
class OutputConformanceTest extends ServiceConformance {

    private static final int MAX_BYTES = 20_000;

    @TempDir
    private static Path models;

    @BeforeAll
    static void writeModel() throws IOException {
        TestingModel.in(models.resolve("pocket-clip"))
                .concept(TestingPictures.DISC, "weapons", 0.98)
                .write();
    }

    @Override
    protected ServiceApplication.Builder service() {
        return ServiceApplication.named(Application.NAME)
                .property("grpc.server.port", 0)
                .property("darkroom.rpc.max-inbound-message-size", 1 << 20)
                .property("darkroom.safety.output.models-directory", models.toString())
                .property("darkroom.safety.output.max-bytes", MAX_BYTES);
    }

    @Override
    protected String serviceName() {
        return SafetyServiceGrpc.SERVICE_NAME;
    }

    @Override
    protected Example<?, ?> good() {
        return example(CheckOutputRequest.newBuilder().setImage(ByteString.copyFrom(TestingPictures.DISC.png())));
    }

    @Override
    protected Example<?, ?> bad() {
        byte[] words = "heliotrope".repeat(MAX_BYTES / 10 + 1).getBytes(StandardCharsets.US_ASCII);
        return example(CheckOutputRequest.newBuilder()
                .setImage(ByteString.copyFrom(words))
                .addAllPolicies(Collections.nCopies(9, "heliotrope")));
    }

    @Override
    protected List<String> badFields() {
        return List.of("image", "policies");
    }

    @Override
    protected String secret() {
        return "heliotrope";
    }

    private static Example<?, ?> example(CheckOutputRequest.Builder request) {
        return new Example<>(SafetyServiceGrpc.getCheckOutputMethod(), request.build());
    }
}
