// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayDeque;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * The answer to one call, written by the virtual thread that works for it. Events leave in the order in which they
 * were handed in; nothing is buffered beyond what the peer takes, but one
 * unsent event per {@link #offer} key and the one that each {@link #send} waits with.
 *
 * <p>Thread-safe. The call ends exactly once: with OK when the work returns, with the status of {@link StatusMapper}
 * when it throws.
 */
public final class ResponseStream<T> {

    private final ServerCallStreamObserver<T> observer;
    private final Context context = Context.current();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition moved = lock.newCondition();
    private final ArrayDeque<Pending<T>> pending = new ArrayDeque<>();
    private boolean ended;

    private ResponseStream(ServerCallStreamObserver<T> observer) {
        this.observer = observer;
        observer.setOnReadyHandler(this::pump);
        observer.setOnCancelHandler(this::wake);
        context.addListener(_ -> wake(), Runnable::run);
    }

    /**
     * Does the work of a call on a virtual thread of its own, which carries the call's {@link Context} and trace, and
     * returns at once. To be called from the endpoint's method, before it
     * returns, with the observer that gRPC gave it.
     */
    public static <T> void serve(StreamObserver<T> observer, Work<T> work) {
        ResponseStream<T> stream = new ResponseStream<>((ServerCallStreamObserver<T>) observer);
        CallScope scope = CallScope.KEY.get();
        String traceId = Trace.current().traceId();
        if (scope != null) {
            scope.hold();
        }
        Thread.ofVirtual().name("call-" + traceId).start(stream.context.wrap(() -> {
            try (MDC.MDCCloseable _ = MDC.putCloseable(Trace.MDC_KEY, traceId)) {
                stream.run(work);
            } finally {
                if (scope != null) {
                    scope.release();
                }
            }
        }));
    }

    /** Answers a unary call in the same way. */
    public static <T> void reply(StreamObserver<T> observer, Answer<T> answer) {
        serve(observer, stream -> stream.send(answer.compute()));
    }

    /**
     * Sends an event that must arrive: returns when it was handed to the transport, which takes it only when the peer
     * has room.
     *
     * @throws CancellationException when the call ends first
     */
    public void send(T event) {
        Pending<T> mine = new Pending<>(null, event);
        lock.lock();
        try {
            pending.addLast(mine);
            pumpLocked();
            while (pending.contains(mine)) {
                throwIfCancelled();
                moved.awaitUninterruptibly();
            }
        } finally {
            pending.remove(mine);
            lock.unlock();
        }
    }

    /**
     * Sends an event that a newer one of the same key makes worthless. Never waits: when the peer has no room, the
     * event is kept, in the place of an unsent older one of its key, at the
     * end of the line.
     *
     * @param key the kind of event, for instance {@code "step"}
     */
    public void offer(Object key, T event) {
        lock.lock();
        try {
            pending.removeIf(older -> key.equals(older.key));
            pending.addLast(new Pending<>(key, event));
            pumpLocked();
        } finally {
            lock.unlock();
        }
    }

    /** Whether an event that is handed in now leaves at once. A hint: the peer's room changes at any time. */
    public boolean hasRoom() {
        lock.lock();
        try {
            return pending.isEmpty() && observer.isReady();
        } finally {
            lock.unlock();
        }
    }

    /** True as soon as the caller went away or the deadline passed. */
    public boolean isCancelled() {
        return context.isCancelled() || observer.isCancelled();
    }

    /** Throws {@link CancellationException} when {@link #isCancelled}. Cheap: call it every step. */
    public void throwIfCancelled() {
        if (isCancelled()) {
            throw new CancellationException("The call has ended");
        }
    }

    @SuppressWarnings("CatchingUnchecked") // Whatever the work throws ends the call, and only the call.
    private void run(Work<T> work) {
        try {
            work.run(this);
            complete();
        } catch (Exception | Error e) {
            fail(StatusMapper.toStatus(e));
        }
    }

    private void complete() {
        lock.lock();
        try {
            throwIfCancelled();
            pending.forEach(event -> observer.onNext(event.event));
            pending.clear();
            ended = true;
            observer.onCompleted();
        } finally {
            lock.unlock();
        }
    }

    private void fail(StatusRuntimeException e) {
        lock.lock();
        try {
            pending.clear();
            ended = true;
            Metadata trailers = e.getTrailers();
            observer.onError(e.getStatus().asRuntimeException(trailers == null ? new Metadata() : trailers));
        } finally {
            lock.unlock();
        }
    }

    private void pump() {
        lock.lock();
        try {
            pumpLocked();
        } finally {
            lock.unlock();
        }
    }

    private void pumpLocked() {
        while (!ended && !pending.isEmpty() && observer.isReady() && !isCancelled()) {
            observer.onNext(pending.removeFirst().event);
        }
        moved.signalAll();
    }

    private void wake() {
        lock.lock();
        try {
            moved.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** What a call does; it may block. */
    @FunctionalInterface
    public interface Work<T> {
        void run(ResponseStream<T> stream) throws Exception;
    }

    /** The answer to a unary call; computing it may block. */
    @FunctionalInterface
    public interface Answer<T> {
        T compute() throws Exception;
    }

    private static final class Pending<T> {
        private final @Nullable Object key;
        private final T event;

        Pending(@Nullable Object key, T event) {
            this.key = key;
            this.event = event;
        }
    }
}
