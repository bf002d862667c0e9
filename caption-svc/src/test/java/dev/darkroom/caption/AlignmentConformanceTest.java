// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import com.google.protobuf.ByteString;
import dev.darkroom.caption.v1.CaptionServiceGrpc;
import dev.darkroom.caption.v1.ScoreAlignmentRequest;
import dev.darkroom.conformance.Example;
import dev.darkroom.conformance.ServiceConformance;
import dev.darkroom.rpc.ServiceApplication;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

/** What holds for every call, for scores: the secret is the text. */
final class AlignmentConformanceTest extends ServiceConformance {
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
        return example(ScoreAlignmentRequest.newBuilder()
                .addImages(TestingModels.picture(24, 24, 1))
                .addTexts("heliotrope"));
    }

    @Override
    protected Example<?, ?> bad() {
        return example(ScoreAlignmentRequest.newBuilder()
                .addImages(ByteString.copyFromUtf8("heliotrope"))
                .addTexts("heliotrope".repeat(300)));
    }

    @Override
    protected List<String> badFields() {
        return List.of("images[0]", "texts[0]");
    }

    private static Example<?, ?> example(ScoreAlignmentRequest.Builder request) {
        return new Example<>(CaptionServiceGrpc.getScoreAlignmentMethod(), request.build());
    }

    @Override
    protected String secret() {
        return "heliotrope";
    }
}
