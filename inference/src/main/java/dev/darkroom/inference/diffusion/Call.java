// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.diffusion.Step.Slice;
import java.util.ArrayList;
import java.util.List;

/**
 * One call of a network for rows of one or more steps. What is not {@link #answer} is guarded by the lock of the batcher.
 *
 * @param <Q> one row of questions
 * @param <A> its answer
 */
final class Call<Q, A> {
    private final RowNetwork<Q, A> network;
    private final RowCost cost;
    private final List<Slice<Q, A>> slices;
    private final long startNanos;
    private final Cancellation cancellation = new Cancellation();

    Call(Step<Q, A> first, List<Slice<Q, A>> slices, long startNanos) {
        this.network = first.network();
        this.cost = first.cost();
        this.slices = List.copyOf(slices);
        this.startNanos = startNanos;
    }

    /** Runs the network on the calling thread. */
    List<A> answer() {
        List<Q> rows = new ArrayList<>();
        slices.forEach(slice -> rows.addAll(slice.rows()));
        return network.answer(rows, cancellation);
    }

    int rows() {
        return slices.stream().mapToInt(Slice::size).sum();
    }

    RowCost cost() {
        return cost;
    }

    double secondsUntil(long now) {
        return (now - startNanos) / 1e9;
    }

    boolean has(Step<?, ?> step) {
        return slices.stream().anyMatch(slice -> slice.step() == step);
    }

    /** Whether nobody wants any of the answers. */
    boolean isAbandoned() {
        return slices.stream().noneMatch(slice -> slice.step().isWanted());
    }

    /** Stops the network at its next node. */
    void terminate() {
        cancellation.cancel();
    }

    List<Step<Q, A>> steps() {
        return slices.stream().map(Slice::step).toList();
    }

    /** Gives each step its answers; those that nobody wants any more are dropped. */
    void deliver(List<A> answers) {
        int from = 0;
        for (Slice<Q, A> slice : slices) {
            slice.answer(answers.subList(from, from + slice.size()));
            from += slice.size();
        }
    }
}
