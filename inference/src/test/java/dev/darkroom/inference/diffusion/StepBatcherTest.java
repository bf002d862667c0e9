// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.InferenceException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Its threads, with a network whose calls end when a test says so. */
@Timeout(60)
final class StepBatcherTest {
    private final RowCost cost = RowCost.measured(1);
    private final ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor();
    private final StepBatcher batcher = StepBatcher.start(2);
    private final Gated network = new Gated(4, 1);

    @AfterEach
    void stop() {
        network.open();
        batcher.close();
        callers.shutdownNow();
    }

    /** Answers each row with its double, in calls that it holds until they are let go; a negative row is a failure. */
    private final class Gated implements RowNetwork<Integer, Integer> {
        private final int rowsPerCall;
        private final int lanes;
        private final BlockingQueue<HeldCall> unseen = new LinkedBlockingQueue<>();
        private final List<HeldCall> calls = new CopyOnWriteArrayList<>();
        private volatile boolean open;

        Gated(int rowsPerCall, int lanes) {
            this.rowsPerCall = rowsPerCall;
            this.lanes = lanes;
        }

        /** A call in progress. */
        record HeldCall(List<Integer> rows, Thread thread, BlockingQueue<String> end) {
            void letGo() {
                end.add("go");
            }
        }

        HeldCall next() throws InterruptedException {
            HeldCall call = unseen.poll(20, TimeUnit.SECONDS);
            if (call == null) {
                throw new AssertionError("no call came");
            }
            return call;
        }

        /** Lets everything go from now on. */
        void open() {
            open = true;
            calls.forEach(HeldCall::letGo);
        }

        @Override
        public List<Integer> answer(List<Integer> rows, Cancellation cancellation) {
            HeldCall call = new HeldCall(rows, Thread.currentThread(), new LinkedBlockingQueue<>());
            calls.add(call);
            unseen.add(call);
            try (Cancellation.Hook _ = cancellation.onCancel(() -> call.end.add("cancelled"))) {
                if (!open && call.end.take().equals("cancelled")) {
                    throw new CancellationException("stopped");
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            if (rows.stream().anyMatch(row -> row < 0)) {
                throw new InferenceException("row below 0");
            }
            return rows.stream().map(row -> 2 * row).toList();
        }

        /** Rows from 100 on are of another kind. */
        @Override
        public Object likeness(Integer row) {
            return row / 100;
        }

        @Override
        public RowCost cost(Integer row) {
            return cost;
        }

        @Override
        public int rowsPerCall(Integer row) {
            return rowsPerCall;
        }

        @Override
        public int lanes() {
            return lanes;
        }
    }

    private Future<List<Integer>> ask(RowNetwork<Integer, Integer> asked, Cancellation cancellation, Integer... rows) {
        return callers.submit(() -> {
            try (Work work = batcher.open(rows.length, cost, 2, cancellation)) {
                return batcher.ask(work, asked, List.of(rows), rows.length);
            }
        });
    }

    private Future<List<Integer>> ask(Integer... rows) {
        return ask(network, new Cancellation(), rows);
    }

    /** As {@link #ask}, while the lane is busy; returns when the rows wait. */
    private Future<List<Integer>> enqueue(Cancellation cancellation, Integer... rows) {
        int before = batcher.waiting();
        Future<List<Integer>> answers = ask(network, cancellation, rows);
        awaitWaiting(before + 1);
        return answers;
    }

    private Future<List<Integer>> enqueue(Integer... rows) {
        return enqueue(new Cancellation(), rows);
    }

    private void awaitWaiting(int count) {
        while (batcher.waiting() != count) {
            Thread.onSpinWait();
        }
    }

    /** Starts a call that keeps the lane busy. */
    private Gated.HeldCall busy() throws InterruptedException {
        Future<?> _ = ask(1);
        return network.next();
    }

    @Test
    void ask_whileTheLaneIsBusy_sharesTheNextCall() throws Exception {
        Gated.HeldCall running = busy();
        Future<List<Integer>> one = enqueue(10, 11);
        Future<List<Integer>> two = enqueue(20);
        Future<List<Integer>> unlike = enqueue(100);
        running.letGo();

        Gated.HeldCall shared = network.next();
        assertThat(shared.rows()).containsExactlyInAnyOrder(10, 11, 20);
        assertThat(shared.thread().isVirtual()).isFalse();
        network.open();
        assertThat(one.get()).containsExactly(20, 22);
        assertThat(two.get()).containsExactly(40);
        assertThat(unlike.get()).containsExactly(200);
    }

    @Test
    void ask_moreRowsThanACallTakes_keepsTheirOrder() throws Exception {
        network.open();
        Integer[] rows = IntStream.range(0, 11).boxed().toArray(Integer[]::new);
        try (Work work = batcher.open(11, cost, 1, new Cancellation())) {
            assertThat(batcher.ask(work, network, List.of(rows), 11))
                    .containsExactly(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20);
        }
        assertThat(network.calls).extracting(call -> call.rows().size()).containsExactly(4, 4, 3);
    }

    @Test
    void ask_lessWorkLeft_goesFirst() throws Exception {
        Gated.HeldCall running = busy();
        Future<List<Integer>> large = enqueue(100, 101, 102);
        Future<List<Integer>> small = enqueue(200);
        running.letGo();

        assertThat(network.next().rows()).containsExactly(200);
        network.open();
        assertThat(small.get()).containsExactly(400);
        assertThat(large.get()).hasSize(3);
    }

    @Test
    void ask_networkWithTwoLanes_runsBesideTheFirst() throws Exception {
        Gated wide = new Gated(1, 2);
        Future<List<Integer>> answers = ask(wide, new Cancellation(), 1, 2);
        List<Gated.HeldCall> calls = List.of(wide.next(), wide.next());
        assertThat(calls).extracting(Gated.HeldCall::rows).containsExactlyInAnyOrder(List.of(1), List.of(2));
        calls.forEach(Gated.HeldCall::letGo);
        assertThat(answers.get()).containsExactly(2, 4);
    }

    @Test
    void ask_callFails_failsThoseInItAndNoOther() throws Exception {
        Gated.HeldCall running = busy();
        Future<List<Integer>> bad = enqueue(-5);
        Future<List<Integer>> besideIt = enqueue(6);
        Future<List<Integer>> unlike = enqueue(700);
        running.letGo();
        network.open();

        for (Future<List<Integer>> failed : List.of(bad, besideIt)) {
            assertThatExceptionOfType(ExecutionException.class)
                    .isThrownBy(failed::get)
                    .withCauseInstanceOf(InferenceException.class)
                    .withMessageContaining("row below 0");
        }
        assertThat(unlike.get()).containsExactly(1400);
        assertThat(ask(8).get()).containsExactly(16);
    }

    @Test
    void cancel_whileWaiting_leavesAtOnce() throws Exception {
        Gated.HeldCall running = busy();
        Cancellation cancellation = new Cancellation();
        Future<List<Integer>> cancelled = enqueue(cancellation, 10);
        cancellation.cancel();

        assertCancelled(cancelled);
        assertThat(batcher.waiting()).isZero();
        running.letGo();
    }

    @Test
    void cancel_oneOfASharedCall_leavesTheOthersUndisturbed() throws Exception {
        Gated.HeldCall running = busy();
        Cancellation cancellation = new Cancellation();
        Future<List<Integer>> cancelled = enqueue(cancellation, 10);
        Future<List<Integer>> other = enqueue(20);
        running.letGo();
        Gated.HeldCall shared = network.next();
        cancellation.cancel();

        assertCancelled(cancelled);
        assertThat(other).isNotDone();
        shared.letGo();
        assertThat(other.get()).containsExactly(40);
    }

    @Test
    void cancel_allOfASharedCall_stopsIt() throws Exception {
        Gated.HeldCall running = busy();
        Cancellation first = new Cancellation();
        Cancellation second = new Cancellation();
        Future<List<Integer>> one = enqueue(first, 10);
        Future<List<Integer>> two = enqueue(second, 20);
        running.letGo();
        network.next();
        first.cancel();
        second.cancel();

        assertCancelled(one);
        assertCancelled(two);
        network.open();
        assertThat(ask(3).get()).containsExactly(6);
    }

    @Test
    void cancel_before_asksNothing() {
        Cancellation cancellation = new Cancellation();
        cancellation.cancel();
        try (Work work = batcher.open(1, cost, 1, cancellation)) {
            assertThatExceptionOfType(CancellationException.class)
                    .isThrownBy(() -> batcher.ask(work, network, List.of(1), 1));
        }
        assertThat(network.calls).isEmpty();
    }

    private static void assertCancelled(Future<?> future) {
        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(() -> future.get(20, TimeUnit.SECONDS))
                .withCauseInstanceOf(CancellationException.class);
    }

    @Test
    void run_soloCall_isOnALaneAndItsFailureIsTheCallers() {
        try (Work work = batcher.open(1, cost, 1, new Cancellation())) {
            String thread = work.run(_ -> Thread.currentThread().getName());
            assertThat(thread).startsWith("lane-");
            IllegalArgumentException failure = new IllegalArgumentException("no such prompt");
            assertThatExceptionOfType(IllegalArgumentException.class)
                    .isThrownBy(() -> work.run(_ -> {
                        throw failure;
                    }))
                    .isSameAs(failure);
        }
    }

    @Test
    void prediction_countsWhatGoesAhead() {
        try (Work large = batcher.open(50, cost, 1, new Cancellation());
                Work small = batcher.open(8, cost, 1, new Cancellation())) {
            assertThat(small.prediction()).contains(prediction(8, 8));
            assertThat(large.prediction()).contains(prediction(50, 58));
            try (Work unknown = batcher.open(8, RowCost.guessed(1), 1, new Cancellation())) {
                assertThat(unknown.prediction()).isEmpty();
            }
        }
        try (Work alone = batcher.open(50, cost, 1, new Cancellation())) {
            assertThat(alone.prediction()).contains(prediction(50, 50));
        }
    }

    private static Work.Prediction prediction(int alone, int inAll) {
        return new Work.Prediction(Duration.ofSeconds(alone), Duration.ofSeconds(inAll));
    }

    @Test
    void close_queuedAndRunning_failsThemAndLeavesNoThread() throws Exception {
        List<Thread> threads = new ArrayList<>();
        threads.add(busy().thread());
        Future<List<Integer>> queued = enqueue(10);
        batcher.close();

        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(() -> queued.get(20, TimeUnit.SECONDS))
                .withCauseInstanceOf(InferenceException.class)
                .withMessageContaining("closed");
        assertThat(threads).noneMatch(Thread::isAlive);
        try (Work late = batcher.open(1, cost, 1, new Cancellation())) {
            assertThatExceptionOfType(InferenceException.class)
                    .isThrownBy(() -> batcher.ask(late, network, List.of(1), 1));
        }
    }
}
