// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.diffusion.StepQueue.Decision;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Runs the network calls of all requests on threads of its own, its lanes, in the order of {@link StepQueue}. A request is a thread that blocks in
 * {@link Denoiser#predict} until its rows are answered; between two calls nothing of it is held, so a more urgent request is let in
 * at any step.
 *
 * <p>Thread-safe. Whoever starts it closes it, before the models whose networks it calls.
 */
public final class StepBatcher implements AutoCloseable {
    private final StepQueue queue = new StepQueue();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Thread> lanes;
    private long calls;
    private long rows;
    private boolean closed;

    private StepBatcher(int lanes) {
        this.lanes = IntStream.rangeClosed(1, lanes)
                .mapToObj(lane ->
                        Thread.ofPlatform().daemon().name("lane-" + lane).unstarted(this::work))
                .toList();
    }

    /**
     * Starts the lanes.
     *
     * @param lanes calls that may run at the same time, at least 1; a network may allow fewer
     */
    public static StepBatcher start(int lanes) {
        StepBatcher batcher = new StepBatcher(lanes);
        batcher.lanes.forEach(Thread::start);
        return batcher;
    }

    /** Returns how many calls may run at the same time. */
    public int lanes() {
        return lanes.size();
    }

    /**
     * What was done so far.
     *
     * @param calls of networks
     * @param rows in them
     */
    public record Done(long calls, long rows) {}

    public Done done() {
        lock.lock();
        try {
            return new Done(calls, rows);
        } finally {
            lock.unlock();
        }
    }

    /** Returns how many requests wait for a call now. */
    public int waiting() {
        lock.lock();
        try {
            return queue.waiting();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Registers the work of a request, which ages from now on.
     *
     * @param rows that it will ask for in all
     * @param cost of one of them
     * @param lanes as in {@link RowNetwork#lanes}, for its solo calls
     */
    public Work open(int rows, RowCost cost, int lanes, Cancellation cancellation) {
        Job job = new Job(System.nanoTime(), rows, cost);
        locked(() -> queue.open(job));
        return new Work(this, job, lanes, cancellation);
    }

    void close(Job job) {
        locked(() -> {
            queue.close(job);
            changed.signalAll(); // a lane may be waiting for its next step
        });
    }

    Optional<Work.Prediction> prediction(Job job) {
        lock.lock();
        try {
            return job.isMeasured()
                    ? Optional.of(new Work.Prediction(duration(job.left()), duration(queue.secondsUntilDone(job))))
                    : Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    private static Duration duration(double seconds) {
        return Duration.ofMillis(Math.round(seconds * 1000));
    }

    /**
     * Waits for the answers to rows that are alike, in order.
     *
     * @param worth of the rows of the job that these are
     * @throws CancellationException when {@code work} is cancelled
     * @throws InferenceException when the batcher is closed
     */
    <Q, A> List<A> ask(Work work, RowNetwork<Q, A> network, List<Q> rows, int worth) {
        Condition over = lock.newCondition();
        Step<Q, A> step = new Step<>(work.job(), network, rows, worth, over::signal);
        try (Cancellation.Hook _ = work.cancellation().onCancel(() -> withdraw(step))) {
            await(step, over);
        }
        List<A> answers = step.answers();
        if (answers == null) {
            throw cause(step);
        }
        return answers;
    }

    private void await(Step<?, ?> step, Condition over) {
        locked(() -> {
            if (closed) {
                step.fail(closedException());
            } else if (step.isWanted()) {
                queue.add(step);
                changed.signalAll();
            }
            while (!step.hasEnded()) {
                over.awaitUninterruptibly();
            }
        });
    }

    private void withdraw(Step<?, ?> step) {
        locked(() -> {
            queue.withdraw(step);
            changed.signalAll();
        });
    }

    private static RuntimeException cause(Step<?, ?> step) {
        return switch (step.failure()) {
            case null -> new CancellationException("cancelled by the caller");
            case RuntimeException e -> e;
            case Error e -> throw e;
            case Throwable e -> new InferenceException("a network call failed", e);
        };
    }

    /** What a lane does until the end. */
    private void work() {
        Call<?, ?> call = next();
        while (call != null) {
            run(call);
            call = next();
        }
    }

    private @Nullable Call<?, ?> next() {
        lock.lock();
        try {
            while (!closed) {
                switch (queue.next(System.nanoTime())) {
                    case Decision.Run(Call<?, ?> call) -> {
                        calls++;
                        rows += call.rows();
                        return call;
                    }
                    case Decision.Linger(long nanos) -> awaitChange(nanos);
                    case Decision.Idle() -> changed.awaitUninterruptibly();
                }
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    @SuppressWarnings("WaitNotInLoop") // the caller is the loop
    private void awaitChange(long nanos) {
        try {
            long _ = changed.awaitNanos(nanos);
        } catch (InterruptedException e) { // nobody else knows these threads
            throw new IllegalStateException("a lane was interrupted", e);
        }
    }

    @SuppressWarnings("CatchingUnchecked") // whatever a network throws fails its requests, and only them
    private <Q, A> void run(Call<Q, A> call) {
        try {
            List<A> answers = call.answer();
            locked(() -> {
                queue.answered(call, answers, System.nanoTime());
                changed.signalAll();
            });
        } catch (Exception | Error e) {
            locked(() -> {
                queue.failed(call, e);
                changed.signalAll();
            });
        }
    }

    /** Fails what waits, stops what runs, and returns when the lanes are gone. May be called again. */
    @Override
    public void close() {
        locked(() -> {
            closed = true;
            queue.shutDown(closedException());
            changed.signalAll();
        });
        boolean interrupted = false;
        for (Thread lane : lanes) {
            interrupted |= joined(lane);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean joined(Thread lane) {
        boolean interrupted = false;
        while (true) {
            try {
                lane.join();
                return interrupted;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
    }

    private static InferenceException closedException() {
        return new InferenceException("the step batcher is closed");
    }

    private void locked(Runnable action) {
        lock.lock();
        try {
            action.run();
        } finally {
            lock.unlock();
        }
    }
}
