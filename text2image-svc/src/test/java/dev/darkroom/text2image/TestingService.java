// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import com.google.protobuf.ByteString;
import dev.darkroom.inference.image.PngReader;
import dev.darkroom.rpc.ServiceApplication;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.GenerateResponse;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc.TextToImageServiceBlockingStub;
import dev.darkroom.text2image.v1.UpscaleParameters;
import dev.darkroom.text2image.v1.UpscaleRequest;
import dev.darkroom.text2image.v1.UpscaleResponse;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The real service on a port of its own, with a client connected. */
final class TestingService implements AutoCloseable {
    static final Path TINY = Path.of("src/test/resources/tiny");
    static final Path UPSCALER = Path.of("../inference/src/test/resources/tiny-upscaler");

    private final ServiceApplication application;
    private final ManagedChannel channel;

    TestingService(Path models, Map<String, Object> properties) {
        this.application = ServiceApplication.named("text2image-svc")
                .property("grpc.server.port", 0)
                .property("darkroom.text2image.models-directory", models.toString())
                .property("darkroom.text2image.probe", false) // what it finds depends on the moment
                .properties(properties)
                .start();
        application.awaitReady(Duration.ofSeconds(60));
        this.channel = ManagedChannelBuilder.forAddress("127.0.0.1", application.port())
                .usePlaintext()
                .build();
    }

    static TestingService tiny(String... models) {
        return new TestingService(TINY, Map.of("darkroom.text2image.models", List.of(models)));
    }

    /** A text-to-image model and an upscaler. */
    static Map<String, Object> withUpscaler() {
        return Map.of(
                "darkroom.text2image.models",
                List.of("per-row", UPSCALER.toAbsolutePath().toString()));
    }

    static ImageParameters.Builder parameters(String prompt) {
        return ImageParameters.newBuilder().setPrompt(prompt).setSeed(7);
    }

    TextToImageServiceBlockingStub stub() {
        return TextToImageServiceGrpc.newBlockingStub(channel).withDeadlineAfter(Duration.ofSeconds(60));
    }

    /** For requests that are to last: with less time they are refused at once. */
    TextToImageServiceBlockingStub patientStub() {
        return stub().withDeadlineAfter(Duration.ofHours(1));
    }

    ManagedChannel channel() {
        return channel;
    }

    <T> T bean(Class<T> type) {
        return application.context().getBean(type);
    }

    Generated generate(ImageParameters.Builder parameters) {
        return generate(GenerateRequest.newBuilder().setParameters(parameters).build());
    }

    Generated generate(GenerateRequest request) {
        return Generated.collect(stub().generate(request));
    }

    Upscaled upscale(UpscaleRequest request) {
        List<UpscaleResponse> events = new ArrayList<>();
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        stub().upscale(request).forEachRemaining(event -> {
            events.add(event);
            png.writeBytes(event.getImageChunk().getData().toByteArray());
        });
        return new Upscaled(events, ByteString.copyFrom(png.toByteArray()));
    }

    /** Everything that an upscaling answered. */
    record Upscaled(List<UpscaleResponse> events, ByteString png) {
        List<UpscaleResponse> of(UpscaleResponse.EventCase kind) {
            return events.stream().filter(event -> event.getEventCase() == kind).toList();
        }

        PngReader.Picture picture() {
            return PngReader.decode(png.toByteArray(), 1 << 24);
        }

        UpscaleParameters used() {
            return events.getLast().getCompleted().getParameters();
        }
    }

    /** Everything that a call answered; the pictures' bytes in order. */
    record Generated(List<GenerateResponse> events, List<byte[]> pictures) {
        static Generated collect(Iterator<GenerateResponse> responses) {
            List<GenerateResponse> events = new ArrayList<>();
            Map<Integer, ByteArrayOutputStream> bytes = new TreeMap<>();
            responses.forEachRemaining(event -> {
                events.add(event);
                if (event.hasImageChunk()) {
                    bytes.computeIfAbsent(event.getImageChunk().getIndex(), _ -> new ByteArrayOutputStream())
                            .writeBytes(event.getImageChunk().getData().toByteArray());
                }
            });
            List<byte[]> pictures = bytes.values().stream()
                    .map(ByteArrayOutputStream::toByteArray)
                    .toList();
            return new Generated(events, pictures);
        }

        List<GenerateResponse> of(GenerateResponse.EventCase kind) {
            return events.stream().filter(event -> event.getEventCase() == kind).toList();
        }

        byte[] picture() {
            return pictures.getFirst();
        }
    }

    /** As SIGTERM does: drains and stops, while the client stays connected. */
    void stop() {
        application.close();
    }

    @Override
    public void close() {
        channel.shutdownNow();
        application.close();
    }
}
