// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.bench;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.diffusion.Row;
import dev.darkroom.inference.diffusion.StepBatcher;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "rows",
        description =
                "Requests of unlike timesteps, step counts, guidance, seeds and sizes share network calls; each row is compared with what it gets alone.")
final class Rows implements Callable<Integer> {
    private static final int CALLERS = 6;
    private static final double TOLERANCE = 1e-4;

    @Option(names = "--batches", defaultValue = "500")
    private int batches;

    private record Answered(Row row, Tensor shared) {}

    @Override
    public Integer call() throws ExecutionException, InterruptedException {
        ConcurrentLinkedQueue<Answered> answers = new ConcurrentLinkedQueue<>();
        try (DenoisingModel model = new DenoisingModel()) {
            StepBatcher.Done done = share(model, answers);
            int equal = 0;
            int beyond = 0;
            double most = 0;
            for (Answered answer : answers) {
                double difference = difference(model.alone(answer.row()), answer.shared());
                most = Math.max(most, difference);
                equal += difference == 0 ? 1 : 0;
                beyond += difference > TOLERANCE ? 1 : 0;
            }
            System.out.printf(
                    "%d rows in %d calls, %.1f in each%n",
                    done.rows(), done.calls(), done.rows() / (double) done.calls());
            System.out.printf(
                    "beyond %.0e of alone: %d  largest difference %.1e  bit for bit %.2f %%%n",
                    TOLERANCE, beyond, most, 100.0 * equal / answers.size());
            return beyond == 0 ? 0 : 1;
        }
    }

    private StepBatcher.Done share(DenoisingModel model, ConcurrentLinkedQueue<Answered> answers)
            throws ExecutionException, InterruptedException {
        try (StepBatcher batcher = StepBatcher.start(model.denoiser().lanes());
                ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> requests = new ArrayList<>();
            for (int caller = 0; caller < CALLERS; caller++) {
                Random random = new Random(caller);
                requests.add(callers.submit(() -> {
                    while (batcher.done().calls() < batches) {
                        request(model, batcher, random, answers);
                    }
                }));
            }
            for (Future<?> request : requests) {
                request.get();
            }
            return batcher.done();
        }
    }

    /** A picture of 1 to 12 steps, guided or not, one in four larger than usual. */
    private static void request(
            DenoisingModel model, StepBatcher batcher, Random random, ConcurrentLinkedQueue<Answered> answers) {
        int steps = 1 + random.nextInt(12);
        int prompts = 1 + random.nextInt(2);
        int size = random.nextInt(4) == 0 ? 2 * model.latentSize() : model.latentSize();
        try (Work work = model.open(batcher, steps * prompts, new Cancellation())) {
            for (int step = 0; step < steps; step++) {
                float timestep = 999f - 999f * step / steps;
                List<Row> rows = IntStream.range(0, prompts)
                        .mapToObj(_ -> model.row(random, size, timestep))
                        .toList();
                List<Tensor> shared = model.denoiser().predict(rows, work);
                IntStream.range(0, prompts).forEach(i -> answers.add(new Answered(rows.get(i), shared.get(i))));
            }
        }
    }

    private static double difference(Tensor one, Tensor other) {
        double most = 0;
        for (int i = 0; i < one.size(); i++) {
            most = Math.max(most, Math.abs(one.data()[i] - other.data()[i]));
        }
        return most;
    }
}
