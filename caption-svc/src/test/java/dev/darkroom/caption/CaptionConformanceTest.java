// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import com.google.protobuf.ByteString;
import dev.darkroom.caption.v1.CaptionParameters;
import dev.darkroom.caption.v1.CaptionRequest;
import dev.darkroom.caption.v1.CaptionServiceGrpc;
import dev.darkroom.conformance.Example;
import dev.darkroom.conformance.ServiceConformance;
import dev.darkroom.rpc.ServiceApplication;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

/** What holds for every call, for captions: the secret is the prefix. */
final class CaptionConformanceTest extends ServiceConformance {
    @TempDir
    private static Path models;

    @Override
    protected ServiceApplication.Builder service() {
        TestingModels.onceIn(models);
        return ServiceApplication.named("caption-svc")
                .property("grpc.server.port", 0)
                .property("darkroom.rpc.max-inbound-message-size", 1 << 20)
                .property("darkroom.caption.models-directory", models.toString());
    }

    @Override
    protected String serviceName() {
        return CaptionServiceGrpc.SERVICE_NAME;
    }

    @Override
    protected Example<?, ?> good() {
        return example(TestingService.request(CaptionParameters.newBuilder().setPrefix("heliotrope")));
    }

    @Override
    protected Example<?, ?> bad() {
        return example(CaptionRequest.newBuilder()
                .setParameters(CaptionParameters.newBuilder().setPrefix("heliotrope".repeat(30)))
                .setImage(ByteString.copyFromUtf8("heliotrope")));
    }

    @Override
    protected List<String> badFields() {
        return List.of("parameters.prefix", "image");
    }

    private static Example<?, ?> example(CaptionRequest.Builder request) {
        return new Example<>(CaptionServiceGrpc.getCaptionMethod(), request.build());
    }

    @Override
    protected String secret() {
        return "heliotrope";
    }
}
