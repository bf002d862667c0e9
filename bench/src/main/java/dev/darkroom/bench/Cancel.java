// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.bench;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.diffusion.StepBatcher;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.onnx.LiveHandles;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "cancel",
        description =
                "Time from a cancel at any moment of a step until no native work of the request is left, in step times.")
final class Cancel implements Callable<Integer> {
    private static final int STEPS_TO_TIME = 20;

    @Option(names = "--trials", defaultValue = "200")
    private int trials;

    @Override
    public Integer call() throws InterruptedException {
        try (DenoisingModel model = new DenoisingModel();
                StepBatcher batcher = StepBatcher.start(model.denoiser().lanes())) {
            int idle = LiveHandles.count();
            Random random = new Random(1);
            double step = stepSeconds(model, batcher, random);
            double[] ratios = new double[trials];
            for (int trial = 0; trial < trials; trial++) {
                ratios[trial] = secondsToQuiet(model, batcher, random, step, idle) / step;
            }
            Arrays.sort(ratios);
            System.out.printf(
                    "step %.1f ms; cancel to quiet / step: median %.2f  p99 %.2f  most %.2f%n",
                    1000 * step, ratios[trials / 2], ratios[(int) (0.99 * (trials - 1))], ratios[trials - 1]);
        }
        return 0;
    }

    private static double stepSeconds(DenoisingModel model, StepBatcher batcher, Random random) {
        double[] seconds = new double[STEPS_TO_TIME];
        try (Work work = model.open(batcher, 2 * STEPS_TO_TIME, new Cancellation())) {
            for (int step = 0; step < STEPS_TO_TIME; step++) {
                long start = System.nanoTime();
                model.step(random, work);
                seconds[step] = (System.nanoTime() - start) / 1e9;
            }
        }
        Arrays.sort(seconds);
        return seconds[STEPS_TO_TIME / 2];
    }

    private static double secondsToQuiet(
            DenoisingModel model, StepBatcher batcher, Random random, double step, int idle)
            throws InterruptedException {
        Cancellation cancellation = new Cancellation();
        CountDownLatch begun = new CountDownLatch(1);
        Thread request = Thread.ofVirtual().start(() -> {
            try (Work work = model.open(batcher, 100, cancellation)) {
                Random own = new Random(2);
                model.step(own, work);
                begun.countDown();
                while (true) {
                    model.step(own, work);
                }
            } catch (CancellationException _) {
                // what this measures
            }
        });
        begun.await();
        Thread.sleep(Duration.ofNanos(Math.round(random.nextDouble() * step * 1e9)));
        long start = System.nanoTime();
        cancellation.cancel();
        request.join();
        double seconds = (System.nanoTime() - start) / 1e9;
        if (LiveHandles.count() != idle) {
            throw new IllegalStateException("native handles are left: " + (LiveHandles.count() - idle));
        }
        return seconds;
    }
}
