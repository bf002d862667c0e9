// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.text2image.v1.ImageParameters;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The client in the README works as it stands there. */
class ReadmeTest {

    @Test
    void client_againstServices_writesAPicture(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("fox.png");
        try (Services services = Services.start(new ServeOptions(0, Path.of("..", "models")))) {
            client(services.gatewayAddress(), file);
        }
        assertThat(ImageIO.read(file.toFile()).getWidth()).isGreaterThanOrEqualTo(64);
    }

    @Test
    void readme_holdsTheClient() throws IOException {
        List<String> source = Files.readAllLines(Path.of("src/test/java/dev/darkroom/standalone/ReadmeTest.java"));
        List<String> client =
                source.subList(source.indexOf("        // begin") + 1, source.indexOf("        // end")).stream()
                        .map(line -> line.substring(8))
                        .toList();

        assertThat(Files.readAllLines(Path.of("../README.md"))).containsSequence(client);
    }

    private static void client(String address, Path file) throws IOException {
        // begin
        ManagedChannel channel = Grpc.newChannelBuilder(address, InsecureChannelCredentials.create())
                .build();
        var events = GenerationServiceGrpc.newBlockingStub(channel)
                .streamGenerateImages(StreamGenerateImagesRequest.newBuilder()
                        .setParameters(ImageParameters.newBuilder().setPrompt("a fox in the snow"))
                        .build());
        try (OutputStream png = Files.newOutputStream(file)) {
            while (events.hasNext()) {
                events.next().getImageChunk().getData().writeTo(png); // empty in every other event
            }
        }
        channel.shutdown();
        // end
    }
}
