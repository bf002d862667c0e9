// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.onnx.DenoisingNetwork;
import dev.darkroom.inference.onnx.NetworkInput;
import dev.darkroom.inference.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/**
 * Predicts noise for rows. The unit is the row because rows of unlike requests share a network call, whatever their timesteps, step counts,
 * guidance or samplers, and because a row's answer must not depend on its company: the same seed gives the same bytes alone, in a batch, and
 * beside other requests.
 *
 * <p>Thread-safe.
 */
public final class Denoiser {
    /** Seconds that {@link #tune} may take, so that a small network is tuned and a large one starts soon. */
    private static final double TUNING_SECONDS = 0.5;

    /** Below which a call is timed three times. */
    private static final double SHORT_SECONDS = 0.02;

    private static final int CALLS_BESIDE_OTHERS = 3;

    private final DenoisingNetwork network;
    private final int mostRows;
    private final Rows rows = new Rows();
    private final Map<Long, RowCost> costs = new ConcurrentHashMap<>();
    private volatile Tuned tuned;

    /** How the network is called, found with latents of so many values. */
    private record Tuned(Tuning how, boolean byProbe, long latentValues) {}

    private Denoiser(DenoisingNetwork network, int mostRows, Tuned tuned) {
        this.network = network;
        this.mostRows = mostRows;
        this.tuned = tuned;
    }

    /**
     * Asks the network for the probe's rows together and for the last of them alone; this also warms it. If the bits differ, this
     * runtime does not compute rows independently, and every row gets a call of its own from then on.
     *
     * @param probe at least two rows that can share a call
     * @param rowsPerCall most rows of one call; calls are made one at a time until {@link #tune} finds better
     */
    public static Denoiser probed(DenoisingNetwork network, List<Row> probe, int rowsPerCall) {
        List<Row> last = probe.subList(probe.size() - 1, probe.size());
        boolean independent = !network.takesSingleRows()
                && last(call(network, probe, new Cancellation())).equals(last(call(network, last, new Cancellation())));
        long start = System.nanoTime();
        Tensor _ = call(network, last, new Cancellation());
        double seconds = (System.nanoTime() - start) / 1e9;
        int mostRows = independent ? rowsPerCall : 1;
        Tuning untuned = new Tuning(mostRows, 1, seconds);
        return new Denoiser(network, mostRows, new Tuned(untuned, false, values(last.getFirst())));
    }

    private static Tensor last(Tensor answer) {
        return answer.row(answer.dim(0) - 1);
    }

    private static long values(Row row) {
        return row.latents().size();
    }

    /**
     * Times the network to find how many rows and lanes pay on this machine. To be called while nothing else runs. A network whose calls are long
     * is not timed: then the two rows of a guided picture share their calls, on one lane.
     *
     * @param row of the size that pictures usually have
     * @param mostLanes most calls at the same time
     */
    public void tune(Row row, int mostLanes) {
        double expected = tuned.how.secondsPerRow() * values(row) / tuned.latentValues;
        Tuning how = expected > TUNING_SECONDS
                ? new Tuning(Math.min(2, mostRows), 1, expected)
                : Tuning.of(
                        (lanes, count) -> best(lanes, Collections.nCopies(count, row)),
                        mostRows,
                        mostLanes,
                        TUNING_SECONDS);
        network.shareThreads(how.lanes());
        tuned = new Tuned(how, true, values(row));
        costs.clear();
        if (expected <= TUNING_SECONDS) {
            costs.put(values(row), RowCost.measured(how.secondsPerRow()));
        }
    }

    /** Short calls are timed again: chance weighs more in them. */
    private double best(int lanes, List<Row> together) {
        network.shareThreads(lanes);
        double best = seconds(lanes, together);
        for (int again = 0; again < 2 && best < SHORT_SECONDS; again++) {
            best = Math.min(best, seconds(lanes, together));
        }
        return best;
    }

    /** Calls beside one another take turns in beginning first, so there are several of each. */
    private double seconds(int lanes, List<Row> together) {
        int calls = lanes > 1 ? CALLS_BESIDE_OTHERS : 1;
        long start = System.nanoTime();
        try (ExecutorService threads =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().daemon().factory())) {
            List<Future<?>> running = IntStream.range(0, lanes)
                    .<Future<?>>mapToObj(_ -> threads.submit(() -> call(together, calls)))
                    .toList();
            for (Future<?> lane : running) {
                lane.get();
            }
        } catch (ExecutionException e) {
            throw new InferenceException("the network failed while it was timed", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InferenceException("interrupted while the network was timed", e);
        }
        return (System.nanoTime() - start) / 1e9 / calls;
    }

    private void call(List<Row> together, int times) {
        for (int i = 0; i < times; i++) {
            Tensor _ = call(network, together, new Cancellation());
        }
    }

    /** Returns how many rows share a call at most: 1 where the probe found that they are not independent, or that it does not pay. */
    public int rowsPerCall() {
        return tuned.how.rowsPerCall();
    }

    /** Returns how many calls run at the same time at most. */
    public int lanes() {
        return tuned.how.lanes();
    }

    /** Returns the seconds that a row takes at that, of the size that was timed. */
    public double secondsPerRow() {
        return tuned.how.secondsPerRow();
    }

    /**
     * Announces the calls of a request, whose place in the order of all requests follows from what is left of them. The caller closes it.
     *
     * @param batcher that makes them
     * @param count of the rows that {@link #predict} will be asked for in all, and as many more as the other calls are worth
     * @param channels of the latents of each, as are height and width
     */
    public Work open(StepBatcher batcher, int count, int channels, int height, int width, Cancellation cancellation) {
        return batcher.open(count, cost((long) channels * height * width), lanes(), cancellation);
    }

    private RowCost cost(long values) {
        return costs.computeIfAbsent(
                values, _ -> RowCost.guessed(tuned.how.secondsPerRow() * values / tuned.latentValues));
    }

    /**
     * Returns what the network says of each row, (1, C, h, w) each, in order, when its turn has come. All rows have tensors of the same shapes and
     * one timestep.
     *
     * @throws java.util.concurrent.CancellationException at once when {@code work} is cancelled, or within one node of the graph if its
     *     rows run alone
     */
    public List<Tensor> predict(List<Row> asked, Work work) {
        return work.batcher().ask(work, rows, asked, asked.size());
    }

    private static Tensor call(DenoisingNetwork network, List<Row> rows, Cancellation cancellation) {
        float[] timesteps = new float[rows.size()];
        for (int i = 0; i < timesteps.length; i++) {
            timesteps[i] = rows.get(i).timestep();
        }
        Map<NetworkInput, Tensor> conditions = new EnumMap<>(NetworkInput.class);
        for (NetworkInput input : rows.getFirst().conditions().keySet()) {
            conditions.put(
                    input,
                    Tensor.concat(rows.stream().map(row -> row.condition(input)).toList()));
        }
        Tensor latents = Tensor.concat(rows.stream().map(Row::latents).toList());
        return network.predict(latents, timesteps, conditions, cancellation);
    }

    /** The network as the batcher sees it. */
    private final class Rows implements RowNetwork<Row, Tensor> {
        @Override
        public List<Tensor> answer(List<Row> asked, Cancellation cancellation) {
            Tensor answer = call(network, asked, cancellation);
            return IntStream.range(0, answer.dim(0)).mapToObj(answer::row).toList();
        }

        @Override
        public Object likeness(Row row) {
            return likenessOf(row);
        }

        @Override
        public RowCost cost(Row row) {
            return Denoiser.this.cost(values(row));
        }

        /** Fewer of larger latents, which fill the cores by themselves and take more memory; but never without the other row of the pair. */
        @Override
        public int rowsPerCall(Row row) {
            int most = tuned.how.rowsPerCall();
            return tuned.byProbe && most > 1 ? Math.clamp(most * tuned.latentValues / values(row), 2, most) : most;
        }

        @Override
        public int lanes() {
            return tuned.how.lanes();
        }
    }

    /**
     * What rows must agree in to share a call.
     *
     * @param shapes of the latents and of each condition
     * @param numbers those of which the graph takes one for all rows
     */
    private record Likeness(Map<String, List<Integer>> shapes, List<Float> numbers) {}

    private Likeness likenessOf(Row row) {
        Map<String, List<Integer>> shapes = new HashMap<>(Map.of("latents", shape(row.latents())));
        row.conditions().forEach((input, value) -> shapes.put(input.name(), shape(value)));
        List<Float> numbers = new ArrayList<>();
        if (!network.takesPerRow(NetworkInput.TIMESTEP)) {
            numbers.add(row.timestep());
        }
        if (network.takes(NetworkInput.NOISE_LEVEL) && !network.takesPerRow(NetworkInput.NOISE_LEVEL)) {
            numbers.add(row.condition(NetworkInput.NOISE_LEVEL).data()[0]);
        }
        return new Likeness(shapes, numbers);
    }

    private static List<Integer> shape(Tensor tensor) {
        return Arrays.stream(tensor.shape()).boxed().toList();
    }
}
