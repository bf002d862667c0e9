// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc;
import dev.darkroom.text2image.v1.TextToImageServiceGrpc.TextToImageServiceBlockingStub;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.util.Arrays;

/** Measures what the gateway adds to a request: the same one, alternately straight to text2image and through the gateway. */
final class GatewayOverhead {
    private static final int WARM_UP = 1_500;
    private static final int ROUNDS = 3_000;
    private static final int LARGE_ROUNDS = 20;
    private static final int LARGE_BYTES = 20 << 20;

    private GatewayOverhead() {}

    public static void main(String[] arguments) {
        try (TestingGateway gateway = new TestingGateway()) {
            ManagedChannel straight = Grpc.newChannelBuilder(
                            gateway.textToImageServer.address(), InsecureChannelCredentials.create())
                    .build();
            ImageParameters parameters = ImageParameters.newBuilder()
                    .setPrompt("a fox in the snow")
                    .setNumInferenceSteps(25)
                    .build();
            TextToImageServiceBlockingStub service = TextToImageServiceGrpc.newBlockingStub(straight);
            GenerateRequest generate =
                    GenerateRequest.newBuilder().setParameters(parameters).build();
            StreamGenerateImagesRequest stream = StreamGenerateImagesRequest.newBuilder()
                    .setParameters(parameters)
                    .build();
            Runnable direct = () -> service.generate(generate).forEachRemaining(_ -> {});
            Runnable through = () -> gateway.stub().streamGenerateImages(stream).forEachRemaining(_ -> {});

            gateway.textToImage.imageBytes = 10_000;
            measure(WARM_UP, direct, through);
            report("25 steps, 10 kB picture", measure(ROUNDS, direct, through));
            gateway.textToImage.imageBytes = LARGE_BYTES;
            report("25 steps, 20 MiB picture", measure(LARGE_ROUNDS, direct, through));
            straight.shutdownNow();
        }
    }

    /** Times both in turn; nanoseconds, each sorted. */
    private static long[][] measure(int rounds, Runnable direct, Runnable through) {
        long[][] nanos = new long[2][rounds];
        for (int round = 0; round < rounds; round++) {
            nanos[0][round] = time(direct);
            nanos[1][round] = time(through);
        }
        Arrays.stream(nanos).forEach(Arrays::sort);
        return nanos;
    }

    private static long time(Runnable request) {
        long start = System.nanoTime();
        request.run();
        return System.nanoTime() - start;
    }

    private static void report(String what, long[][] nanos) {
        for (double quantile : new double[] {0.5, 0.99}) {
            double direct = millis(nanos[0], quantile);
            double through = millis(nanos[1], quantile);
            System.out.printf(
                    "%s: p%.0f straight %.2f ms, through the gateway %.2f ms, added %.2f ms%n",
                    what, 100 * quantile, direct, through, through - direct);
        }
    }

    private static double millis(long[] sorted, double quantile) {
        return sorted[(int) (quantile * (sorted.length - 1))] / 1e6;
    }
}
