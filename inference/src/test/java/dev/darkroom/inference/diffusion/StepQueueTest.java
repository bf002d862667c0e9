// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import dev.darkroom.inference.diffusion.Simulation.Request;
import dev.darkroom.inference.diffusion.Simulation.Served;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The policy on a virtual clock; no threads, no networks. */
final class StepQueueTest {
    private static final double STEP = 0.034;

    /** A network that gains nothing from sharing, and one that runs 16 rows 1.36 times as fast as eight pairs. */
    private static IntToDoubleFunction callSeconds(double fixed) {
        return rows -> STEP * (fixed + (1 - fixed) * rows) / (fixed + (1 - fixed) * 2);
    }

    @ParameterizedTest
    @CsvSource({"0, 2", "0, 1", "0.4645, 8", "0.4645, 16"})
    void mixAtLoad07_againstFirstInFirstOut_meetsTheGoals(double fixed, int rowsPerCall) {
        List<Request> requests = Simulation.mix(2000, 0.7, STEP, 1);
        Simulation simulation = new Simulation(callSeconds(fixed), rowsPerCall);
        requests.forEach(request -> simulation.arrive(request, () -> {}));
        simulation.run();
        double[] before = Simulation.firstInFirstOut(requests, STEP);
        double[] after = requests.stream().mapToDouble(Request::latency).toArray();

        assertThat(percentile95(requests, before, 4) / percentile95(requests, after, 4))
                .as("short requests, 95th percentile")
                .isGreaterThanOrEqualTo(6);
        assertThat(Arrays.stream(before).sum() / Arrays.stream(after).sum())
                .as("mean")
                .isGreaterThanOrEqualTo(1.7);
        assertThat(percentile95(requests, after, 50) / percentile95(requests, before, 50))
                .as("long requests, 95th percentile, the other way")
                .isLessThanOrEqualTo(1.25);
    }

    private static double percentile95(List<Request> requests, double[] latencies, int steps) {
        return Simulation.percentile95(IntStream.range(0, latencies.length)
                .filter(i -> requests.get(i).steps == steps)
                .mapToDouble(i -> latencies[i])
                .toArray());
    }

    /** Eight callers who ask for four steps again and again: without ageing the long request would wait as long as they go on. */
    @Test
    void endlessShortRequests_aLongOneWaitsNoLongerThanTheBound() {
        Simulation simulation = new Simulation(callSeconds(0), 2);
        Request alone = new Request(1, 100);
        double left = alone.steps * STEP;
        double bound = left / Job.AGEING + left + 8 * 4 * STEP;
        simulation.arrive(alone, () -> {});
        for (int caller = 0; caller < 8; caller++) {
            again(simulation, 0, 3 * bound);
        }
        simulation.run();

        assertThat(alone.latency()).isBetween(3 * left, bound + 1);
        assertThat(simulation.now()).isGreaterThan(2 * bound);
    }

    private static void again(Simulation simulation, double second, double until) {
        if (second < until) {
            simulation.arrive(new Request(second, 4), () -> again(simulation, simulation.now(), until));
        }
    }

    @Test
    void anyTrace_nothingThatCameTooLateGoesAhead() {
        List<Request> requests = Simulation.mix(400, 1.5, STEP, 2);
        Simulation simulation = new Simulation(callSeconds(0), 2);
        requests.forEach(request -> simulation.arrive(request, () -> {}));
        List<Served> calls = simulation.run().served();

        for (Request request : requests) {
            double last = request.arrival + request.steps * STEP / Job.AGEING;
            assertThat(calls.stream()
                            .filter(call -> call.second() > request.arrival && call.second() < request.end())
                            .filter(call -> call.request().arrival > last + 0.001))
                    .isEmpty();
        }
    }

    @Test
    void twoRequestsOfOneLength_areNotInterleaved() {
        Simulation simulation = new Simulation(callSeconds(0), 2);
        Request first = new Request(0, 10);
        Request second = new Request(0.001, 10);
        simulation.arrive(first, () -> {});
        simulation.arrive(second, () -> {});
        simulation.run();

        assertThat(first.latency()).isBetween(10 * STEP, 10.2 * STEP);
        assertThat(second.latency()).isBetween(20 * STEP, 20.4 * STEP);
    }

    @Test
    void eightRequestsAtOnce_shareEveryCall() {
        Simulation simulation = new Simulation(callSeconds(0.4645), 16);
        List<Request> requests =
                IntStream.range(0, 8).mapToObj(_ -> new Request(0, 10)).toList();
        requests.forEach(request -> simulation.arrive(request, () -> {}));

        assertThat(simulation.run().served()).hasSize(10);
        double sequential = 80 * STEP;
        assertThat(sequential / simulation.now()).isGreaterThan(1.3);
    }
}
