// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "mix",
        description =
                "Four requests of 4 steps to one of 50 steps, arriving at random: one at a time in the order of arrival, against all at once as the service orders them.")
final class Mix implements Callable<Integer> {
    private static final int SHORT = 4;
    private static final int LONG = 50;
    private static final double SHARE_OF_SHORT = 0.8;
    private static final float GUIDANCE = 4;
    private static final int SOLO_ROUNDS = 5;

    @Option(names = "--jobs", defaultValue = "200")
    private int jobs;

    @Option(
            names = "--load",
            defaultValue = "0.7",
            description = "Share of the time that one after the other would be busy.")
    private double load;

    @Option(names = "--seed", defaultValue = "1")
    private long seed;

    private record Arrival(double second, int steps) {}

    private record Job(int steps, double latency) {}

    @Override
    public Integer call() throws ExecutionException, InterruptedException {
        try (PictureMaker maker = new PictureMaker()) {
            double soloShort = solo(maker, SHORT);
            double soloLong = solo(maker, LONG);
            System.out.printf("alone: %d steps %.3f s, %d steps %.3f s%n", SHORT, soloShort, LONG, soloLong);
            List<Arrival> trace = trace((SHARE_OF_SHORT * soloShort + (1 - SHARE_OF_SHORT) * soloLong) / load);
            List<Job> inOrder = replay(maker, trace, Executors.newSingleThreadExecutor());
            List<Job> asOrdered = replay(maker, trace, Executors.newVirtualThreadPerTaskExecutor());
            print("short p95", percentile95(inOrder, SHORT), percentile95(asOrdered, SHORT));
            print("long p95", percentile95(inOrder, LONG), percentile95(asOrdered, LONG));
            print("mean", mean(inOrder), mean(asOrdered));
            System.out.printf(
                    "within three times alone: %.0f %% in order, %.0f %% as ordered%n",
                    100 * inTime(inOrder, soloShort, soloLong), 100 * inTime(asOrdered, soloShort, soloLong));
        }
        return 0;
    }

    private static double solo(PictureMaker maker, int steps) {
        double[] seconds = new double[SOLO_ROUNDS];
        for (int round = -1; round < SOLO_ROUNDS; round++) {
            double took = maker.secondsFor("a fox in the snow", steps, GUIDANCE, round);
            if (round >= 0) {
                seconds[round] = took;
            }
        }
        Arrays.sort(seconds);
        return seconds[SOLO_ROUNDS / 2];
    }

    private List<Arrival> trace(double secondsBetween) {
        Random random = new Random(seed);
        List<Arrival> trace = new ArrayList<>();
        double second = 0;
        for (int i = 0; i < jobs; i++) {
            trace.add(new Arrival(second, random.nextDouble() < SHARE_OF_SHORT ? SHORT : LONG));
            second -= Math.log(1 - random.nextDouble()) * secondsBetween;
        }
        return trace;
    }

    /** Hands each request to the callers when its time has come; a latency counts from then on, whenever a caller takes it up. */
    private static List<Job> replay(PictureMaker maker, List<Arrival> trace, ExecutorService callers)
            throws ExecutionException, InterruptedException {
        List<Future<Job>> pending = new ArrayList<>();
        try (callers) {
            long start = System.nanoTime();
            for (Arrival arrival : trace) {
                long due = start + Math.round(arrival.second() * 1e9);
                Thread.sleep(Duration.ofNanos(Math.max(0, due - System.nanoTime())));
                long number = pending.size();
                pending.add(callers.submit(() -> {
                    maker.secondsFor("a fox in the snow", arrival.steps(), GUIDANCE, number);
                    return new Job(arrival.steps(), (System.nanoTime() - due) / 1e9);
                }));
            }
            List<Job> done = new ArrayList<>();
            for (Future<Job> job : pending) {
                done.add(job.get());
            }
            return done;
        }
    }

    private static void print(String name, double inOrder, double asOrdered) {
        System.out.printf(
                "%-10s in order %.2f s  as ordered %.2f s  ratio %.2f%n",
                name, inOrder, asOrdered, inOrder / asOrdered);
    }

    private static double percentile95(List<Job> jobs, int steps) {
        double[] latencies = latencies(jobs, job -> job.steps() == steps);
        Arrays.sort(latencies);
        return latencies.length == 0 ? Double.NaN : latencies[(int) (0.95 * (latencies.length - 1))];
    }

    private static double mean(List<Job> jobs) {
        return Arrays.stream(latencies(jobs, _ -> true)).average().orElse(Double.NaN);
    }

    private static double inTime(List<Job> jobs, double soloShort, double soloLong) {
        return latencies(jobs, job -> job.latency() <= 3 * (job.steps() == SHORT ? soloShort : soloLong)).length
                / (double) jobs.size();
    }

    private static double[] latencies(List<Job> jobs, Predicate<Job> which) {
        return jobs.stream().filter(which).mapToDouble(Job::latency).toArray();
    }
}
