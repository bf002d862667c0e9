// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.Cancellation;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The network calls of one request: since when, and how many are still to come. Closed by whoever opened it.
 * Used by one thread at a time; its cancellation by any.
 */
public final class Work implements AutoCloseable {
    private final StepBatcher batcher;
    private final Job job;
    private final int lanes;
    private final Cancellation cancellation;

    Work(StepBatcher batcher, Job job, int lanes, Cancellation cancellation) {
        this.batcher = batcher;
        this.job = job;
        this.lanes = lanes;
        this.cancellation = cancellation;
    }

    Job job() {
        return job;
    }

    StepBatcher batcher() {
        return batcher;
    }

    public Cancellation cancellation() {
        return cancellation;
    }

    /**
     * When it will be done.
     *
     * @param alone time of its own calls
     * @param inAll with those of the requests that go ahead of it; requests that come later may make it longer
     */
    public record Prediction(Duration alone, Duration inAll) {}

    /** Predicts the time until all calls that are still to come are answered. Empty while nothing like them was measured. */
    public Optional<Prediction> prediction() {
        return batcher.prediction(job);
    }

    /**
     * Has a call run that other requests have no part in, such as a text encoder's or a VAE's, in the order of all calls and not on this thread.
     *
     * @param call must stop when its argument is cancelled
     * @throws java.util.concurrent.CancellationException when this work is cancelled
     */
    public <T> T run(Function<Cancellation, T> call) {
        return batcher.ask(this, new SoloCall<T>(lanes, RowCost.guessed(0)), List.of(call), 0)
                .getFirst();
    }

    /**
     * Asks a network for rows that are alike, which share its calls with those of other requests, and waits for the answers, in order.
     *
     * @param worth of the rows that this work was opened with these are
     * @throws java.util.concurrent.CancellationException at once when this work is cancelled, or within one node of the graph if its rows run alone
     */
    public <Q, A> List<A> ask(RowNetwork<Q, A> network, List<Q> rows, int worth) {
        return batcher.ask(this, network, rows, worth);
    }

    /** Says that no more calls come. */
    @Override
    public void close() {
        batcher.close(job);
    }

    /** One network of its own for each call, so that no two are alike. */
    private record SoloCall<T>(int lanes, RowCost unused) implements RowNetwork<Function<Cancellation, T>, T> {
        @Override
        public List<T> answer(List<Function<Cancellation, T>> calls, Cancellation cancellation) {
            return List.of(calls.getFirst().apply(cancellation));
        }

        @Override
        public Object likeness(Function<Cancellation, T> call) {
            return call;
        }

        @Override
        public RowCost cost(Function<Cancellation, T> call) {
            return unused;
        }

        @Override
        public int rowsPerCall(Function<Cancellation, T> call) {
            return 1;
        }
    }
}
