// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Wakes those who wait for news of a job, where the news is this gateway's own. A hint: what is new, the database knows. Thread-safe. */
@Singleton
final class Signals {
    private final Map<String, Set<Subscription>> subscriptions = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /** One who waits. One thread, but for {@link #wake}. */
    final class Subscription implements AutoCloseable {
        private final String id;
        private final Semaphore news = new Semaphore(0);

        private Subscription(String id) {
            this.id = id;
        }

        /** Returns at the next news, at those that came since the last call, when it is woken, or when the time is over. */
        void await(Duration atMost) throws InterruptedException {
            if (news.tryAcquire(atMost.toNanos(), TimeUnit.NANOSECONDS)) {
                news.drainPermits();
            }
        }

        void wake() {
            news.release();
        }

        @Override
        public void close() {
            subscriptions.computeIfPresent(id, (_, waiting) -> {
                waiting.remove(this);
                return waiting.isEmpty() ? null : waiting;
            });
        }
    }

    Subscription subscribe(String id) {
        Subscription subscription = new Subscription(id);
        subscriptions.compute(id, (_, waiting) -> {
            Set<Subscription> all = waiting == null ? ConcurrentHashMap.newKeySet() : waiting;
            all.add(subscription);
            return all;
        });
        return subscription;
    }

    void changed(String id) {
        subscriptions.getOrDefault(id, Set.of()).forEach(Subscription::wake);
    }

    /** Whether nobody should wait here any more. */
    boolean isClosed() {
        return closed;
    }

    /** Wakes all: the gateway goes down. */
    void close() {
        closed = true;
        subscriptions.values().forEach(waiting -> waiting.forEach(Subscription::wake));
    }
}
