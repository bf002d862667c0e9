// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import io.grpc.Context;
import io.grpc.Deadline;
import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.core.bind.annotation.Bindable;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;

/**
 * Lets a bounded number of requests work and a bounded number wait, first come, first served; the rest is refused at
 * once, with the time after which a place is likely. So is what its deadline leaves no time for. Thread-safe.
 */
@Singleton
public final class Admission {

    /** Weight of the newest service time in the mean. */
    private static final double NEWEST = 0.2;

    private final Configuration configuration;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Object> waiting = new ArrayList<>();
    private int running;
    private double meanSeconds;

    public Admission(Configuration configuration) {
        this.configuration = configuration;
        this.meanSeconds = configuration.expectedTime().toMillis() / 1000.0;
    }

    /**
     * Waits for a place. The position (requests ahead of this one; 0 is next) is told on the calling thread, at once
     * and whenever it changes; what the callback throws ends the wait.
     *
     * @return the place, to be closed by the caller when the work has ended
     * @throws Fault.Overloaded when too many wait already
     * @throws java.util.concurrent.CancellationException when the call ends first
     */
    public Place enter(IntConsumer onPosition) {
        Object ticket = new Object();
        Context context = Context.current();
        Context.CancellationListener wake = _ -> signal();
        context.addListener(wake, Runnable::run);
        try {
            queue(ticket);
            return await(ticket, context, onPosition);
        } finally {
            context.removeListener(wake);
            leave(ticket);
        }
    }

    /**
     * Refuses work that cannot end before the deadline of the call, at once rather than when the time is spent. A call without a deadline has all the
     * time there is.
     *
     * @param alone time that the work takes if nothing else runs
     * @param inAll time until it has ended, with what goes ahead of it now
     * @throws Fault.TooShort if it could not end in time even alone
     * @throws Fault.Overloaded if it could end in time when some of the work ahead of it has ended
     */
    public static void requireInTime(Duration alone, Duration inAll) {
        Deadline deadline = Context.current().getDeadline();
        if (deadline == null) {
            return;
        }
        Duration remaining = Duration.ofMillis(Math.max(0, deadline.timeRemaining(TimeUnit.MILLISECONDS)));
        Map<String, String> numbers = Map.of(
                "predicted_ms", Long.toString(inAll.toMillis()), "remaining_ms", Long.toString(remaining.toMillis()));
        String end = ", and the deadline is in " + seconds(remaining);
        if (alone.compareTo(remaining) > 0) {
            throw new Fault.TooShort("DEADLINE_TOO_SHORT", "This takes about " + seconds(alone) + end, numbers);
        }
        if (inAll.compareTo(remaining) > 0) {
            throw new Fault.Overloaded(
                    "DEADLINE_UNREACHABLE",
                    "time",
                    "This would take about " + seconds(inAll) + " now" + end,
                    bounded(inAll.minus(remaining).toMillis() / 1000.0),
                    numbers);
        }
    }

    private static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1000.0);
    }

    /** Requests that work now. */
    public int running() {
        lock.lock();
        try {
            return running;
        } finally {
            lock.unlock();
        }
    }

    /** Requests that wait now. */
    public int waiting() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    private void queue(Object ticket) {
        lock.lock();
        try {
            int free = Math.max(0, configuration.running() - running);
            if (waiting.size() >= configuration.waiting() + free) {
                throw new Fault.Overloaded(
                        "QUEUE_FULL",
                        "queue",
                        "At most " + configuration.running() + " requests run and " + configuration.waiting()
                                + " wait; all places are taken",
                        predictedWait());
            }
            waiting.add(ticket);
        } finally {
            lock.unlock();
        }
    }

    private Place await(Object ticket, Context context, IntConsumer onPosition) {
        int told = -1;
        while (true) {
            int position = awaitChange(ticket, context, told);
            if (position != told) {
                onPosition.accept(position);
                told = position;
            } else {
                return new Place();
            }
        }
    }

    /** The new position, or the told one when the place was taken. */
    private int awaitChange(Object ticket, Context context, int told) {
        lock.lock();
        try {
            while (true) {
                Cancellation.throwIfCancelled(context);
                int position = waiting.indexOf(ticket);
                if (position != told) {
                    return position;
                }
                if (position == 0 && running < configuration.running()) {
                    running++;
                    return told;
                }
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    private void leave(Object ticket) {
        lock.lock();
        try {
            waiting.remove(ticket);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void signal() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Time until one of those that wait and run now has ended, so that a place in the line is free. */
    private Duration predictedWait() {
        return bounded(meanSeconds / configuration.running());
    }

    private static Duration bounded(double seconds) {
        return Duration.ofMillis(Math.round(Math.clamp(seconds, 0.1, 300) * 1000));
    }

    /** A place to work; closing it more than once does no harm. */
    public final class Place implements AutoCloseable {
        private final long startNanos = System.nanoTime();
        private final AtomicBoolean left = new AtomicBoolean();

        private Place() {}

        @Override
        public void close() {
            if (left.compareAndSet(false, true)) {
                release((System.nanoTime() - startNanos) / 1e9);
            }
        }
    }

    private void release(double seconds) {
        lock.lock();
        try {
            running--;
            meanSeconds += NEWEST * (seconds - meanSeconds);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * How many requests a service takes.
     *
     * @param running that work at the same time, at least 1
     * @param waiting that wait for that, 0 or more
     * @param expectedTime of one request, until the first ones were measured
     */
    @ConfigurationProperties("darkroom.admission")
    public record Configuration(
            @Bindable(defaultValue = "1") int running,
            @Bindable(defaultValue = "16") int waiting,
            @Bindable(defaultValue = "5s") Duration expectedTime) {

        public Configuration {
            if (running < 1 || waiting < 0) {
                throw new IllegalArgumentException(
                        "darkroom.admission.running must be at least 1 and .waiting at least 0");
            }
        }
    }
}
