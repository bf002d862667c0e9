// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import com.google.protobuf.ByteString;
import dev.darkroom.rpc.ServiceApplication;
import dev.darkroom.text2video.v1.GenerateRequest;
import dev.darkroom.text2video.v1.GenerateResponse;
import dev.darkroom.text2video.v1.TextToVideoServiceGrpc;
import dev.darkroom.text2video.v1.TextToVideoServiceGrpc.TextToVideoServiceBlockingStub;
import dev.darkroom.text2video.v1.VideoParameters;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The real service on a port of its own, with a client connected. */
final class TestingService implements AutoCloseable {
    static final Path TINY = Path.of("src/test/resources/tiny");
    static final Path UPSCALER =
            Path.of("../inference/src/test/resources/tiny-upscaler").toAbsolutePath();

    static final Path INTERPOLATOR =
            Path.of("../inference/src/test/resources/tiny-interpolation").toAbsolutePath();

    private final ServiceApplication application;
    private final ManagedChannel channel;

    TestingService(Map<String, Object> properties) {
        this.application = builder().properties(properties).start();
        application.awaitReady(Duration.ofSeconds(60));
        this.channel = ManagedChannelBuilder.forAddress("127.0.0.1", application.port())
                .usePlaintext()
                .build();
    }

    /** A text-to-video model, an upscaler and an interpolation model, of a few KB each. */
    static ServiceApplication.Builder builder() {
        return ServiceApplication.named("text2video-svc")
                .property("grpc.server.port", 0)
                .property("darkroom.text2video.models-directory", TINY.toString())
                .property("darkroom.text2video.upscaler", UPSCALER.toString())
                .property("darkroom.text2video.interpolator", INTERPOLATOR.toString())
                .property("darkroom.text2video.probe", false); // what it finds depends on the moment
    }

    static VideoParameters.Builder parameters(String prompt) {
        return VideoParameters.newBuilder().setPrompt(prompt).setSeed(7).setNumInferenceSteps(2);
    }

    TextToVideoServiceBlockingStub stub() {
        return TextToVideoServiceGrpc.newBlockingStub(channel).withDeadlineAfter(Duration.ofMinutes(2));
    }

    Generated generate(VideoParameters.Builder parameters) {
        return generate(GenerateRequest.newBuilder().setParameters(parameters).build());
    }

    Generated generate(GenerateRequest request) {
        List<GenerateResponse> events = new ArrayList<>();
        ByteArrayOutputStream clip = new ByteArrayOutputStream();
        stub().generate(request).forEachRemaining(event -> {
            events.add(event);
            clip.writeBytes(event.getVideoChunk().getData().toByteArray());
        });
        return new Generated(events, ByteString.copyFrom(clip.toByteArray()));
    }

    /** Everything that a call answered; the bytes of the clip in order. */
    record Generated(List<GenerateResponse> events, ByteString clip) {
        List<GenerateResponse> of(GenerateResponse.EventCase kind) {
            return events.stream().filter(event -> event.getEventCase() == kind).toList();
        }
    }

    @Override
    public void close() {
        channel.shutdownNow();
        application.close();
    }
}
