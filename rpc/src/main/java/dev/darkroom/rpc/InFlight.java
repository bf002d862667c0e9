// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * How many calls, and threads that work for them, have not ended yet. A call counts from the moment in which the
 * transport sees it, so that none slips through between the last look and the
 * end of the server. Health and reflection do not count. Thread-safe.
 */
@Singleton
final class InFlight extends ServerStreamTracer.Factory {

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition idle = lock.newCondition();
    private int count;

    @Override
    public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
        if (ServerChain.isPlumbing(fullMethodName)) {
            return new ServerStreamTracer() {};
        }
        started();
        return new ServerStreamTracer() {
            @Override
            public void streamClosed(Status status) {
                ended();
            }
        };
    }

    void started() {
        add(1);
    }

    void ended() {
        add(-1);
    }

    /** Waits until nothing is in flight; false when the time is over or the thread was interrupted. */
    boolean awaitIdle(Duration atMost) {
        long left = atMost.toNanos();
        lock.lock();
        try {
            while (count > 0 && left > 0) {
                left = idle.awaitNanos(left);
            }
            return count == 0;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    private void add(int change) {
        lock.lock();
        try {
            count += change;
            idle.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
