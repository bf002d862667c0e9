// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.diffusion.StepQueue.Decision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.function.IntToDoubleFunction;

/** One lane under the policy, on a virtual clock: a request is guided, so each of its steps is two rows. */
final class Simulation {
    /** Of the arithmetic of a request between two steps. */
    private static final long BETWEEN_STEPS = 200_000;

    private static final int ROWS = 2;

    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingLong(Event::nanos).thenComparingLong(Event::number));
    private final StepQueue queue = new StepQueue();
    private final IntToDoubleFunction callSeconds;
    private final Rows network;
    private final List<Served> served = new ArrayList<>();
    private final Map<Job, Request> requests = new HashMap<>();
    private long now;
    private long number;
    private boolean busy;

    /**
     * @param callSeconds of a call by its rows
     * @param rowsPerCall most rows
     */
    Simulation(IntToDoubleFunction callSeconds, int rowsPerCall) {
        this.callSeconds = callSeconds;
        this.network = new Rows(rowsPerCall, RowCost.measured(callSeconds.applyAsDouble(ROWS) / ROWS));
    }

    private record Event(long nanos, long number, Runnable action) {}

    /** A request: when it came and how many steps it takes, in seconds and steps; when it was done. */
    static final class Request {
        final double arrival;
        final int steps;
        private double end;

        Request(double arrival, int steps) {
            this.arrival = arrival;
            this.steps = steps;
        }

        double latency() {
            return end - arrival;
        }

        double end() {
            return end;
        }
    }

    /** The most urgent request of a call and when that began. */
    record Served(Request request, double second) {}

    private record Rows(int most, RowCost measured) implements RowNetwork<Integer, Integer> {
        @Override
        public List<Integer> answer(List<Integer> rows, Cancellation cancellation) {
            return rows;
        }

        @Override
        public Object likeness(Integer row) {
            return "alike";
        }

        @Override
        public RowCost cost(Integer row) {
            return measured;
        }

        @Override
        public int rowsPerCall(Integer row) {
            return most;
        }

        @Override
        public int lanes() {
            return 1;
        }
    }

    /** Lets a request come. */
    void arrive(Request request, Runnable onEnd) {
        at(Math.round(request.arrival * 1e9), () -> {
            Job job = new Job(now, ROWS * request.steps, network.measured);
            queue.open(job);
            step(request, job, request.steps, onEnd);
        });
    }

    private void step(Request request, Job job, int left, Runnable onEnd) {
        Runnable next = () -> {
            if (left > 1) {
                step(request, job, left - 1, onEnd);
            } else {
                request.end = now / 1e9;
                queue.close(job);
                onEnd.run();
            }
        };
        queue.add(new Step<>(job, network, List.of(1, 2), ROWS, () -> at(now + (left > 1 ? BETWEEN_STEPS : 0), next)));
        requests.put(job, request);
    }

    private void at(long nanos, Runnable action) {
        events.add(new Event(nanos, number++, action));
    }

    /** Runs until nothing happens any more. */
    Simulation run() {
        for (Event event = events.poll(); event != null; event = events.poll()) {
            now = event.nanos();
            event.action().run();
            if (!busy && (events.isEmpty() || events.peek().nanos() > now)) {
                ask();
            }
        }
        return this;
    }

    private void ask() {
        switch (queue.next(now)) {
            case Decision.Run(Call<?, ?> call) -> begin(call);
            case Decision.Linger(long nanos) -> at(now + nanos, () -> {});
            case Decision.Idle() -> {}
        }
    }

    private <Q, A> void begin(Call<Q, A> call) {
        busy = true;
        List<A> answers = call.answer();
        served.add(new Served(
                Objects.requireNonNull(requests.get(call.steps().getFirst().job())), now / 1e9));
        at(now + Math.round(callSeconds.applyAsDouble(call.rows()) * 1e9), () -> {
            busy = false;
            queue.answered(call, answers, now);
        });
    }

    /** Returns what each call ran for. */
    List<Served> served() {
        return served;
    }

    double now() {
        return now / 1e9;
    }

    /** A trace of 4-step and 50-step requests, four to one. */
    static List<Request> mix(int count, double load, double stepSeconds, long seed) {
        Random random = new Random(seed);
        List<Request> requests = new ArrayList<>();
        double second = 0;
        for (int i = 0; i < count; i++) {
            requests.add(new Request(second, random.nextDouble() < 0.8 ? 4 : 50));
            second -= Math.log(1 - random.nextDouble()) * stepSeconds * (0.8 * 4 + 0.2 * 50) / load;
        }
        return requests;
    }

    /** Returns what the same requests take when each has the machine to itself, first come, first served. */
    static double[] firstInFirstOut(List<Request> requests, double stepSeconds) {
        double[] latencies = new double[requests.size()];
        double free = 0;
        for (int i = 0; i < latencies.length; i++) {
            Request request = requests.get(i);
            free = Math.max(free, request.arrival) + request.steps * stepSeconds;
            latencies[i] = free - request.arrival;
        }
        return latencies;
    }

    static double percentile95(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[(int) (0.95 * (sorted.length - 1))];
    }
}
