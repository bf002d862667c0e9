// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.bench;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.GenerationServiceGrpc.GenerationServiceBlockingStub;
import dev.darkroom.gateway.v1.ImagesCompleted;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.gateway.v1.StreamGenerateImagesResponse;
import dev.darkroom.gateway.v1.StreamGenerateVideoRequest;
import dev.darkroom.gateway.v1.StreamGenerateVideoResponse;
import dev.darkroom.gateway.v1.StreamUpscaleImageRequest;
import dev.darkroom.gateway.v1.StreamUpscaleImageResponse;
import dev.darkroom.gateway.v1.VideoCompleted;
import dev.darkroom.standalone.ServeOptions;
import dev.darkroom.standalone.Services;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.UpscaleParameters;
import dev.darkroom.text2video.v1.VideoParameters;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.nio.file.Path;
import java.util.Iterator;

/** All services in this JVM, tuned as those that stay are, and a client of their gateway over loopback. */
final class PictureMaker implements AutoCloseable {

    private final Services services =
            Services.start(new ServeOptions(0, Path.of(System.getProperty("darkroom.home", ""), "models")));
    private final ManagedChannel channel = Grpc.newChannelBuilder(
                    services.gatewayAddress(), InsecureChannelCredentials.create())
            .build();
    private final GenerationServiceBlockingStub gateway = GenerationServiceGrpc.newBlockingStub(channel);

    /** Seconds from the call to the last byte of one picture as the base model makes it. */
    double secondsFor(String prompt, int numInferenceSteps, float guidanceScale, long seed) {
        var parameters = ImageParameters.newBuilder()
                .setPrompt(prompt)
                .setNumInferenceSteps(numInferenceSteps)
                .setGuidanceScale(guidanceScale)
                .setSeed(seed);
        long start = System.nanoTime();
        completed(parameters, 1);
        return (System.nanoTime() - start) / 1e9;
    }

    /** Makes a picture and returns what the gateway says of it at the end. */
    ImagesCompleted completed(ImageParameters.Builder parameters, int upscaleFactor) {
        Iterator<StreamGenerateImagesResponse> events =
                gateway.streamGenerateImages(StreamGenerateImagesRequest.newBuilder()
                        .setParameters(parameters)
                        .setUpscaleFactor(upscaleFactor)
                        .build());
        ImagesCompleted completed = ImagesCompleted.getDefaultInstance();
        long bytes = 0;
        while (events.hasNext()) {
            StreamGenerateImagesResponse event = events.next();
            bytes += event.getImageChunk().getData().size();
            completed = event.hasCompleted() ? event.getCompleted() : completed;
        }
        requirePicture(bytes);
        return completed;
    }

    /** Seconds from the call to the last byte of a picture enlarged once. */
    double secondsToUpscale(byte[] picture, String prompt, int numInferenceSteps, long seed) {
        long start = System.nanoTime();
        Iterator<StreamUpscaleImageResponse> events = gateway.streamUpscaleImage(StreamUpscaleImageRequest.newBuilder()
                .setImage(ByteString.copyFrom(picture))
                .setParameters(UpscaleParameters.newBuilder()
                        .setPrompt(prompt)
                        .setNumInferenceSteps(numInferenceSteps)
                        .setSeed(seed))
                .build());
        long bytes = 0;
        while (events.hasNext()) {
            bytes += events.next().getImageChunk().getData().size();
        }
        requirePicture(bytes);
        return (System.nanoTime() - start) / 1e9;
    }

    /**
     * A clip that was made.
     *
     * @param secondsToPreview from the call to the first preview; NaN where none came
     * @param seconds from the call to the last byte
     */
    record Clip(VideoCompleted completed, double secondsToPreview, double seconds) {}

    /** Makes a clip with previews after every step. */
    Clip clip(VideoParameters.Builder parameters) {
        long start = System.nanoTime();
        Iterator<StreamGenerateVideoResponse> events =
                gateway.streamGenerateVideo(StreamGenerateVideoRequest.newBuilder()
                        .setParameters(parameters)
                        .setPreviewInterval(1)
                        .build());
        VideoCompleted completed = VideoCompleted.getDefaultInstance();
        double secondsToPreview = Double.NaN;
        long bytes = 0;
        while (events.hasNext()) {
            StreamGenerateVideoResponse event = events.next();
            bytes += event.getVideoChunk().getData().size();
            completed = event.hasCompleted() ? event.getCompleted() : completed;
            if (event.hasPreview() && Double.isNaN(secondsToPreview)) {
                secondsToPreview = (System.nanoTime() - start) / 1e9;
            }
        }
        requirePicture(bytes);
        return new Clip(completed, secondsToPreview, (System.nanoTime() - start) / 1e9);
    }

    private static void requirePicture(long bytes) {
        if (bytes == 0) {
            throw new IllegalStateException("no picture came back");
        }
    }

    @Override
    public void close() {
        channel.shutdownNow();
        services.close();
    }
}
