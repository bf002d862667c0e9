// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.GenerationServiceGrpc.GenerationServiceBlockingStub;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.gateway.v1.StreamGenerateImagesResponse;
import dev.darkroom.gateway.v1.StreamUpscaleImageRequest;
import dev.darkroom.gateway.v1.StreamUpscaleImageResponse;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.rpc.ServiceApplication;
import dev.darkroom.text2image.v1.ImageParameters;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The gateway as it runs, on loopback ports, before upstreams that really serve; and a client of it. */
final class TestingGateway implements AutoCloseable {
    static final String TOKEN = "a-token-for-tests";

    final TestingTextToImageService textToImage = new TestingTextToImageService();
    final TestingSafetyService safety = new TestingSafetyService();
    final TestingCaptionService caption = new TestingCaptionService();
    final TestingUpstream textToImageServer;
    final TestingUpstream safetyServer;
    final TestingUpstream captionServer;
    final TestingTextToVideoService textToVideo = new TestingTextToVideoService();
    final TestingUpstream textToVideoServer;
    final ManagedChannel channel;

    private final ServiceApplication application;

    TestingGateway() {
        this(Map.of());
    }

    TestingGateway(Map<String, ?> properties) {
        this(properties, false, false);
    }

    /** One that has a caption service too. */
    static TestingGateway withCaptions() {
        return new TestingGateway(Map.of(), true, false);
    }

    /** One that has a text2video service too. */
    static TestingGateway withVideo() {
        return new TestingGateway(Map.of(), false, true);
    }

    private TestingGateway(Map<String, ?> properties, boolean withCaptions, boolean withVideo) {
        textToImageServer = new TestingUpstream(textToImage);
        safetyServer = new TestingUpstream(safety);
        captionServer = new TestingUpstream(caption);
        textToVideoServer = new TestingUpstream(textToVideo);
        application = before(textToImageServer, safetyServer)
                .property("darkroom.backend-token", TOKEN)
                .property("darkroom.upstreams.caption.address", withCaptions ? captionServer.address() : "")
                .property("darkroom.upstreams.text2video.address", withVideo ? textToVideoServer.address() : "")
                .properties(properties)
                .start();
        application.awaitReady(Duration.ofSeconds(30));
        channel = Grpc.newChannelBuilder(address(), InsecureChannelCredentials.create())
                .build();
    }

    /** The gateway as it starts before these services. */
    static ServiceApplication.Builder before(TestingUpstream textToImage, TestingUpstream safety) {
        return ServiceApplication.named("gateway")
                .property("grpc.server.port", 0)
                .property("darkroom.gateway.data", "")
                .property("darkroom.gateway.jobs.drain-timeout", "100ms")
                .property("darkroom.upstreams.text2image.address", textToImage.address())
                .property("darkroom.upstreams.safety.address", safety.address());
    }

    String address() {
        return "localhost:" + application.port();
    }

    /** Generates as a plain client does; with a deadline, so that a test that hangs fails. */
    List<StreamGenerateImagesResponse> generate(StreamGenerateImagesRequest request) {
        List<StreamGenerateImagesResponse> events = new ArrayList<>();
        stub().streamGenerateImages(request).forEachRemaining(events::add);
        return events;
    }

    /** Enlarges as a plain client does. */
    List<StreamUpscaleImageResponse> upscale(StreamUpscaleImageRequest request) {
        List<StreamUpscaleImageResponse> events = new ArrayList<>();
        stub().streamUpscaleImage(request).forEachRemaining(events::add);
        return events;
    }

    /** What a request that must fail fails with. */
    ErrorDetails failure(StreamUpscaleImageRequest request) {
        try {
            throw new AssertionError("was served: " + upscale(request).size() + " events");
        } catch (StatusRuntimeException failure) {
            return ErrorDetails.of(failure);
        }
    }

    /** What a request that must fail fails with. */
    ErrorDetails failure(StreamGenerateImagesRequest request) {
        try {
            throw new AssertionError("was served: " + generate(request).size() + " events");
        } catch (StatusRuntimeException failure) {
            return ErrorDetails.of(failure);
        }
    }

    GenerationServiceBlockingStub stub() {
        return GenerationServiceGrpc.newBlockingStub(channel).withDeadlineAfter(Duration.ofSeconds(30));
    }

    static StreamGenerateImagesRequest request(String prompt) {
        return request(ImageParameters.newBuilder().setPrompt(prompt).setSeed(7));
    }

    static StreamGenerateImagesRequest request(ImageParameters.Builder parameters) {
        return StreamGenerateImagesRequest.newBuilder()
                .setParameters(parameters)
                .build();
    }

    @Override
    public void close() {
        channel.shutdownNow();
        application.close();
        textToVideoServer.close();
        captionServer.close();
        safetyServer.close();
        textToImageServer.close();
    }
}
