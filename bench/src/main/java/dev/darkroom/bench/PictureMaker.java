// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.bench;

import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.GenerationServiceGrpc.GenerationServiceBlockingStub;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.standalone.ServeOptions;
import dev.darkroom.standalone.Services;
import dev.darkroom.text2image.v1.ImageParameters;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.util.concurrent.atomic.AtomicLong;

/** All services in this JVM and a client of their gateway over loopback. */
final class PictureMaker implements AutoCloseable {

    private final Services services = Services.start(ServeOptions.onFreePorts());
    private final ManagedChannel channel = Grpc.newChannelBuilder(
                    services.gatewayAddress(), InsecureChannelCredentials.create())
            .build();
    private final GenerationServiceBlockingStub gateway = GenerationServiceGrpc.newBlockingStub(channel);

    /** Seconds from the call to the last byte of one picture. */
    double secondsFor(String prompt, int numInferenceSteps, float guidanceScale, long seed) {
        long start = System.nanoTime();
        var bytes = new AtomicLong();
        gateway.streamGenerateImages(request(prompt, numInferenceSteps, guidanceScale, seed))
                .forEachRemaining(
                        event -> bytes.addAndGet(event.getImageChunk().getData().size()));
        double seconds = (System.nanoTime() - start) / 1e9;
        if (bytes.get() == 0) {
            throw new IllegalStateException("no picture came back");
        }
        return seconds;
    }

    private static StreamGenerateImagesRequest request(
            String prompt, int numInferenceSteps, float guidanceScale, long seed) {
        return StreamGenerateImagesRequest.newBuilder()
                .setParameters(ImageParameters.newBuilder()
                        .setPrompt(prompt)
                        .setNumInferenceSteps(numInferenceSteps)
                        .setGuidanceScale(guidanceScale)
                        .setSeed(seed))
                .build();
    }

    @Override
    public void close() {
        channel.shutdownNow();
        services.close();
    }
}
