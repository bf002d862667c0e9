// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.diffusion.Step.Slice;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The policy: which rows run next. Shortest remaining work first, with the ageing of {@link Job}; what is alike of the next requests in that order
 * fills the call up. No clock, no threads: the time is an argument, so that simulations run the very code.
 *
 * <p>A request is away for a moment between two steps, while its own thread does the arithmetic. Taking the next best at once would make every
 * order of two requests a strict alternation, and would split the rows that could share a call into two camps. So a free lane lingers
 * for those that were just answered, as long as they would go ahead of the best that waits, or into its call; at most
 * {@link #LINGER} of the time that their call took.
 *
 * <p>Not thread-safe.
 */
final class StepQueue {
    /** Share of a call's time for which a lane waits for those that it answered. */
    private static final double LINGER = 0.125;

    private static final long MOST_LINGER_NANOS = 20_000_000;

    private static final Comparator<Step<?, ?>> ORDER = Comparator.comparing(Step::job, Job.ORDER);

    private final Set<Job> jobs = new HashSet<>();
    private final List<Step<?, ?>> waiting = new ArrayList<>();
    private final List<Call<?, ?>> running = new ArrayList<>();
    private final Map<Job, Away> away = new HashMap<>();

    /** A job between two steps: the last one, and until when the next is expected. */
    private record Away(Step<?, ?> last, long untilNanos) {}

    /** What a free lane does. */
    sealed interface Decision {
        record Run(Call<?, ?> call) implements Decision {}

        /** Asks again after that time, or when something changed. */
        record Linger(long nanos) implements Decision {}

        /** Asks again when something changed. */
        record Idle() implements Decision {}
    }

    void open(Job job) {
        jobs.add(job);
    }

    void close(Job job) {
        jobs.remove(job);
        away.remove(job);
    }

    void add(Step<?, ?> step) {
        away.remove(step.job());
        waiting.add(step);
    }

    int waiting() {
        return waiting.size();
    }

    Decision next(long now) {
        Step<?, ?> first = waiting.stream().min(ORDER).orElse(null);
        if (first == null || running.size() >= first.network().lanes()) {
            return new Decision.Idle();
        }
        long linger = worthWaitingFor(first, now);
        if (linger > 0) {
            return new Decision.Linger(linger);
        }
        Call<?, ?> call = fill(first, now);
        running.add(call);
        return new Decision.Run(call);
    }

    private long worthWaitingFor(Step<?, ?> first, long now) {
        boolean room =
                waiting.stream().filter(first::isLike).mapToInt(Step::waiting).sum() < first.rowsPerCall();
        return away.entrySet().stream()
                .filter(entry -> entry.getKey().isAheadOf(first.job())
                        || (room && entry.getValue().last().isLike(first)))
                .mapToLong(entry -> entry.getValue().untilNanos() - now)
                .max()
                .orElse(0);
    }

    @SuppressWarnings("unchecked") // steps that are alike have the same network, and so the same types
    private <Q, A> Call<Q, A> fill(Step<Q, A> first, long now) {
        List<Step<?, ?>> alike =
                waiting.stream().filter(first::isLike).sorted(ORDER).toList();
        List<Slice<Q, A>> slices = new ArrayList<>();
        int room = first.rowsPerCall();
        for (Step<?, ?> step : alike) {
            int rows = Math.min(room, step.waiting());
            if (rows > 0) {
                slices.add(((Step<Q, A>) step).take(rows));
                room -= rows;
            }
        }
        waiting.removeIf(step -> step.waiting() == 0);
        return new Call<>(first, slices, now);
    }

    /** Takes the answers of a call that has ended. */
    <A> void answered(Call<?, A> call, List<A> answers, long now) {
        double seconds = call.secondsUntil(now);
        call.cost().observe(seconds / call.rows() / running.size());
        running.remove(call);
        call.deliver(answers);
        long until = now + Math.min(Math.round(seconds * 1e9 * LINGER), MOST_LINGER_NANOS);
        for (Step<?, ?> step : call.steps()) {
            if (step.hasEnded()
                    && step.isCounted()
                    && jobs.contains(step.job())
                    && !step.job().isDone()) {
                away.putIfAbsent(step.job(), new Away(step, until));
            }
        }
        endWithdrawn(call);
    }

    /** Fails the requests whose rows were in a call, and no other. */
    void failed(Call<?, ?> call, Throwable cause) {
        running.remove(call);
        for (Step<?, ?> step : call.steps()) {
            waiting.remove(step);
            if (step.isWanted()) {
                step.fail(cause);
            }
        }
        endWithdrawn(call);
    }

    private static void endWithdrawn(Call<?, ?> call) {
        call.steps().stream().filter(step -> !step.isWanted()).forEach(Step::end);
    }

    /**
     * Takes a step back: its waiting rows leave at once. It ends now if its other rows run in company, which runs on without it, and otherwise when
     * the calls end that now work for nobody.
     */
    void withdraw(Step<?, ?> step) {
        waiting.remove(step);
        step.withdraw();
        List<Call<?, ?>> abandoned = running.stream()
                .filter(call -> call.has(step) && call.isAbandoned())
                .toList();
        abandoned.forEach(Call::terminate);
        if (abandoned.isEmpty()) {
            step.end();
        }
    }

    /** Fails everything that waits and stops everything that runs. */
    void shutDown(Throwable cause) {
        waiting.forEach(step -> step.fail(cause));
        waiting.clear();
        for (Call<?, ?> call : running) {
            call.steps().forEach(step -> step.fail(cause));
            call.terminate();
        }
    }

    /** Returns the seconds until this job is done if nothing comes that goes ahead of it. */
    double secondsUntilDone(Job job) {
        return job.left()
                + jobs.stream()
                        .filter(other -> other.isAheadOf(job))
                        .mapToDouble(Job::left)
                        .sum();
    }
}
