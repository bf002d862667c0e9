// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.darkroom.gateway.TestingTextToImageService.Call;
import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.StreamGenerateImagesResponse;
import dev.darkroom.text2image.v1.ImageParameters;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.health.v1.HealthGrpc.HealthBlockingStub;
import io.grpc.netty.NettyChannelBuilder;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A caller that reads slowly, over a connection that buffers no more than a chunk. */
final class SlowReaderTest {
    private static final int MEBIBYTE = 1 << 20;

    private final TestingGateway gateway = new TestingGateway();
    private final ManagedChannel channel = NettyChannelBuilder.forTarget(gateway.address())
            .usePlaintext()
            .flowControlWindow(TestingTextToImageService.CHUNK_BYTES)
            .build();

    @AfterEach
    void close() {
        channel.shutdownNow();
        gateway.close();
    }

    /**
     * The gateway holds the picture that it delivers, and a mebibyte of the stream behind it; the buffers of two connections add less
     * than another.
     */
    @Test
    void streamGenerateImages_severalLargePictures_areHeldOneAtATime() throws Exception {
        gateway.textToImage.imageBytes = 8 * MEBIBYTE;
        HealthBlockingStub otherCaller = HealthGrpc.newBlockingStub(gateway.channel);
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        Iterator<StreamGenerateImagesResponse> events = generate(4, 4);
        StreamGenerateImagesResponse event = skipTo(events, StreamGenerateImagesResponse::hasImage);
        String sha256 = event.getImage().getGenerated().getImage().getSha256();
        Call call = gateway.textToImage.calls.remove();

        long received = 0;
        long mostAhead = 0;
        for (event = events.next(); event.hasImageChunk(); event = events.next()) {
            otherCaller.check(HealthCheckRequest.getDefaultInstance()); // what makes this reader slow
            digest.update(event.getImageChunk().getData().asReadOnlyByteBuffer());
            received += event.getImageChunk().getData().size();
            mostAhead = Math.max(mostAhead, call.sentBytes.get() - received);
        }

        assertThat(HexFormat.of().formatHex(digest.digest())).isEqualTo(sha256);
        assertThat(mostAhead).isBetween(8L * MEBIBYTE, 10L * MEBIBYTE);
        events.forEachRemaining(_ -> {});
        assertThat(call.sentBytes).hasValueGreaterThan(32L * MEBIBYTE);
    }

    /** 18 MB of previews pass a reader that takes none; some 20 of the 300 fit into the buffers on the way. */
    @Test
    void streamGenerateImages_readerThatPauses_getsTheLatestProgressAndTheWholePicture() throws InterruptedException {
        int steps = 300;
        gateway.textToImage.previewBytes = 60_000;
        CountDownLatch drawn = new CountDownLatch(1);
        gateway.textToImage.altered = events -> events.peek(event -> {
            if (event.hasImage()) {
                drawn.countDown();
            }
        });
        Iterator<StreamGenerateImagesResponse> events = generate(steps, 1);
        List<StreamGenerateImagesResponse> read = new ArrayList<>();
        read.add(events.next());

        assertThat(drawn.await(20, TimeUnit.SECONDS))
                .as("the generator was not held up")
                .isTrue();
        events.forEachRemaining(read::add);

        assertThat(read)
                .filteredOn(StreamGenerateImagesResponse::hasPreview)
                .hasSizeBetween(1, 50)
                .last()
                .matches(event -> event.getPreview().getStep() == steps);
        assertThat(gateway.safety.pictures)
                .as("only previews that were going to be sent were looked at, and the picture")
                .hasSizeLessThan(52);
        assertThat(read)
                .filteredOn(StreamGenerateImagesResponse::hasStepCompleted)
                .last()
                .matches(event -> event.getStepCompleted().getStep() == steps);
        assertThat(read)
                .extracting(StreamGenerateImagesResponse::getSequence)
                .isSorted()
                .doesNotHaveDuplicates();
        // operation, 2 stages, queued, steps with previews, stage, image, 2 chunks, completed
        assertThat(read.getLast().getSequence()).isEqualTo(4 + 2 * steps + 5);
    }

    @Test
    void streamGenerateImages_readerGoesAwayInAPicture_cancelsTheGeneratorsCall() throws Exception {
        gateway.textToImage.imageBytes = 8 * MEBIBYTE;
        Context.CancellableContext caller = Context.ROOT.withCancellation();
        Iterator<StreamGenerateImagesResponse> events = caller.call(() -> generate(4, 4));
        skipTo(events, StreamGenerateImagesResponse::hasImageChunk);

        caller.cancel(null);

        Call call = gateway.textToImage.calls.remove();
        assertThat(call.cancelled.await(5, TimeUnit.SECONDS)).isTrue();
        assertThat(call.sentBytes).hasValueLessThan(11L * MEBIBYTE);
    }

    private Iterator<StreamGenerateImagesResponse> generate(int steps, int images) {
        return GenerationServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(Duration.ofSeconds(60))
                .streamGenerateImages(TestingGateway.request(ImageParameters.newBuilder()
                                .setPrompt("a fox")
                                .setNumInferenceSteps(steps)
                                .setNumImagesPerPrompt(images))
                        .toBuilder()
                        .setPreviewInterval(1)
                        .build());
    }

    private static StreamGenerateImagesResponse skipTo(
            Iterator<StreamGenerateImagesResponse> events, Predicate<StreamGenerateImagesResponse> wanted) {
        StreamGenerateImagesResponse event = events.next();
        while (!wanted.test(event)) {
            event = events.next();
        }
        return event;
    }
}
