// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.bench;

import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "concurrency",
        description =
                "Pictures asked for at the same time against the same ones asked for one after the other, taking turns.")
final class Concurrency implements Callable<Integer> {
    private static final String PROMPT = "a fox in the snow";

    @Option(names = "--rounds", defaultValue = "7")
    private int rounds;

    @Option(names = "--callers", defaultValue = "8")
    private int callers;

    @Option(names = "--steps", defaultValue = "25")
    private int steps;

    @Option(names = "--guidance", defaultValue = "4")
    private float guidance;

    @Override
    public Integer call() throws ExecutionException, InterruptedException {
        double[] ratios = new double[rounds];
        try (PictureMaker maker = new PictureMaker()) {
            together(maker);
            for (int round = 0; round < rounds; round++) {
                double inTurn = inTurn(maker);
                double together = together(maker);
                ratios[round] = inTurn / together;
                System.out.printf("in turn %.2f s  together %.2f s  ratio %.2f%n", inTurn, together, ratios[round]);
            }
        }
        Arrays.sort(ratios);
        System.out.printf(
                "throughput of %d callers / one: median %.2f (%.2f to %.2f)%n",
                callers, ratios[rounds / 2], ratios[0], ratios[rounds - 1]);
        return 0;
    }

    private double inTurn(PictureMaker maker) {
        long start = System.nanoTime();
        for (int seed = 0; seed < callers; seed++) {
            maker.secondsFor(PROMPT, steps, guidance, seed);
        }
        return (System.nanoTime() - start) / 1e9;
    }

    private double together(PictureMaker maker) throws ExecutionException, InterruptedException {
        long start = System.nanoTime();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var pictures = IntStream.range(0, callers)
                    .mapToObj(seed -> threads.submit(() -> maker.secondsFor(PROMPT, steps, guidance, seed)))
                    .toList();
            for (Future<Double> picture : pictures) {
                picture.get();
            }
        }
        return (System.nanoTime() - start) / 1e9;
    }
}
