// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.rpc.ServiceApplication;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.GenerateResponse;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc.TextToImageServiceBlockingStub;
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

    private final ServiceApplication application;
    private final ManagedChannel channel;

    TestingService(Path models, Map<String, Object> properties) {
        this.application = ServiceApplication.named("text2image-svc")
                .property("grpc.server.port", 0)
                .property("darkroom.text2image.models-directory", models.toString())
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

    static ImageParameters.Builder parameters(String prompt) {
        return ImageParameters.newBuilder().setPrompt(prompt).setSeed(7);
    }

    TextToImageServiceBlockingStub stub() {
        return TextToImageServiceGrpc.newBlockingStub(channel).withDeadlineAfter(Duration.ofSeconds(60));
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

    @Override
    public void close() {
        channel.shutdownNow();
        application.close();
    }
}
