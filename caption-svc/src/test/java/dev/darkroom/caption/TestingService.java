// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import dev.darkroom.caption.v1.CaptionParameters;
import dev.darkroom.caption.v1.CaptionRequest;
import dev.darkroom.caption.v1.CaptionServiceGrpc;
import dev.darkroom.caption.v1.CaptionServiceGrpc.CaptionServiceBlockingStub;
import dev.darkroom.rpc.ServiceApplication;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** The real service on a port of its own, with a client connected. */
final class TestingService implements AutoCloseable {
    private final ServiceApplication application;
    private final ManagedChannel channel;

    TestingService(Path models, Map<String, Object> properties) {
        this.application = ServiceApplication.named("caption-svc")
                .property("grpc.server.port", 0)
                .property("darkroom.caption.models-directory", models.toString())
                .properties(properties)
                .start();
        application.awaitReady(Duration.ofSeconds(60));
        this.channel = ManagedChannelBuilder.forAddress("127.0.0.1", application.port())
                .usePlaintext()
                .build();
    }

    CaptionServiceBlockingStub stub() {
        return CaptionServiceGrpc.newBlockingStub(channel).withDeadlineAfter(Duration.ofSeconds(60));
    }

    static CaptionRequest.Builder request(CaptionParameters.Builder parameters) {
        return CaptionRequest.newBuilder().setParameters(parameters).setImage(TestingModels.picture(40, 30, 2));
    }

    static CaptionRequest.Builder request() {
        return request(CaptionParameters.newBuilder());
    }

    @Override
    public void close() {
        channel.shutdownNow();
        application.close();
    }
}
