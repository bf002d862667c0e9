// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Rows that a request waits for, and what became of them. It ends once: answered, failed or withdrawn. Guarded by the lock of the batcher.
 *
 * @param <Q> one row of questions
 * @param <A> its answer
 */
final class Step<Q, A> {
    private final Job job;
    private final RowNetwork<Q, A> network;
    private final List<Q> rows;
    private final Object likeness;
    private final int worth;
    private final Runnable onEnd;
    private final List<@Nullable A> answers;
    private int taken;
    private int answered;
    private boolean withdrawn;
    private boolean ended;
    private @Nullable Throwable failure;

    /**
     * @param rows all alike, at least one
     * @param worth what {@link Job#answered} is told of it
     * @param onEnd hears of the end, under the lock
     */
    Step(Job job, RowNetwork<Q, A> network, List<Q> rows, int worth, Runnable onEnd) {
        this.job = job;
        this.network = network;
        this.rows = List.copyOf(rows);
        this.likeness = network.likeness(rows.getFirst());
        this.worth = worth;
        this.onEnd = onEnd;
        this.answers = new ArrayList<>(Collections.nCopies(rows.size(), null));
    }

    Job job() {
        return job;
    }

    RowNetwork<Q, A> network() {
        return network;
    }

    RowCost cost() {
        return network.cost(rows.getFirst());
    }

    int rowsPerCall() {
        return network.rowsPerCall(rows.getFirst());
    }

    /** Whether rows of both may share a call. */
    boolean isLike(Step<?, ?> other) {
        return network.equals(other.network) && likeness.equals(other.likeness);
    }

    /** Whether it is one of the steps by which the job moves on, so that another one follows unless the job is done. */
    boolean isCounted() {
        return worth > 0;
    }

    /** Returns how many of its rows wait for a call. */
    int waiting() {
        return rows.size() - taken;
    }

    /** Hands out the next rows to a call. */
    Slice<Q, A> take(int count) {
        taken += count;
        return new Slice<>(this, taken - count, taken);
    }

    /** Some of the rows, {@code from} inclusive, {@code to} exclusive. */
    record Slice<Q, A>(Step<Q, A> step, int from, int to) {
        List<Q> rows() {
            return step.rows.subList(from, to);
        }

        int size() {
            return to - from;
        }

        void answer(List<A> given) {
            for (int i = 0; i < given.size(); i++) {
                step.answers.set(from + i, given.get(i));
            }
            step.answered += size();
            if (step.answered == step.rows.size() && !step.ended) {
                step.job.answered(step.worth);
                step.end();
            }
        }
    }

    /** Says that nobody wants the answer any more. */
    void withdraw() {
        withdrawn = true;
    }

    /** Whether an answer is still wanted. */
    boolean isWanted() {
        return !withdrawn && !ended;
    }

    void fail(Throwable cause) {
        if (!ended) {
            failure = cause;
            end();
        }
    }

    /** Ends it without an answer, if it has not ended yet. */
    void end() {
        if (!ended) {
            ended = true;
            onEnd.run();
        }
    }

    boolean hasEnded() {
        return ended;
    }

    @Nullable
    Throwable failure() {
        return failure;
    }

    /** Returns the answers in the order of the rows, or null if there are not all of them. */
    @Nullable
    List<A> answers() {
        return answered == rows.size() && !withdrawn ? List.copyOf(answers) : null;
    }
}
