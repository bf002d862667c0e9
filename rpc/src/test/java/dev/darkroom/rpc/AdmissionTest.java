// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.Context;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class AdmissionTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    @Test
    void enter_placeIsFree_tellsPositionZeroAndRuns() {
        Admission admission = admission(2, 0);
        List<Integer> positions = new ArrayList<>();
        try (Admission.Place _ = admission.enter(positions::add);
                Admission.Place _ = admission.enter(positions::add)) {
            assertThat(positions).containsExactly(0, 0);
            assertThat(admission.running()).isEqualTo(2);
        }
        assertThat(admission.running()).isZero();
    }

    @Test
    void enter_severalWait_movesUpInOrder() throws Exception {
        Admission admission = admission(1, 2);
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        Admission.Place running = admission.enter(AdmissionTest::ignore);
        CompletableFuture<Admission.Place> first = enter(admission, position -> told.add("first " + position));
        assertThat(next(told)).isEqualTo("first 0");
        CompletableFuture<Admission.Place> second = enter(admission, position -> told.add("second " + position));
        assertThat(next(told)).isEqualTo("second 1");

        running.close();
        Admission.Place next = first.get(20, TimeUnit.SECONDS);
        assertThat(next(told)).isEqualTo("second 0");
        assertThat(second).isNotDone();

        next.close();
        second.get(20, TimeUnit.SECONDS).close();
        assertThat(admission.running()).isZero();
        assertThat(told).isEmpty();
    }

    @Test
    void enter_lineIsFull_isOverloadedWithThePredictedTime() throws Exception {
        Admission admission = admission(1, 1);
        Admission.Place running = admission.enter(AdmissionTest::ignore);
        BlockingQueue<Integer> told = new LinkedBlockingQueue<>();
        CompletableFuture<Admission.Place> waiting = enter(admission, told::add);
        next(told);

        Fault.Overloaded overloaded =
                catchThrowableOfType(Fault.Overloaded.class, () -> admission.enter(AdmissionTest::ignore));
        assertThat(overloaded.reason()).isEqualTo("QUEUE_FULL");
        assertThat(overloaded.retryAfter()).isEqualTo(Duration.ofSeconds(5));

        running.close();
        waiting.get(20, TimeUnit.SECONDS).close();
        assertThat(admission.running()).isZero();
    }

    @Test
    void enter_servicesWereFast_predictsLess() {
        Admission admission = admission(1, 0);
        for (int i = 0; i < 20; i++) {
            admission.enter(AdmissionTest::ignore).close();
        }
        try (Admission.Place _ = admission.enter(AdmissionTest::ignore)) {
            Fault.Overloaded overloaded =
                    catchThrowableOfType(Fault.Overloaded.class, () -> admission.enter(AdmissionTest::ignore));
            assertThat(overloaded.retryAfter()).isLessThan(Duration.ofSeconds(1));
        }
    }

    @Test
    void enter_callIsCancelledWhileWaiting_leavesTheLine() throws Exception {
        Admission admission = admission(1, 1);
        Admission.Place running = admission.enter(AdmissionTest::ignore);
        BlockingQueue<Integer> told = new LinkedBlockingQueue<>();
        Context.CancellableContext call = Context.current().withCancellation();
        CompletableFuture<Admission.Place> waiting =
                CompletableFuture.supplyAsync(() -> callIn(call, admission, told), threads);
        next(told);

        call.cancel(null);

        assertThat(waiting).failsWithin(SOON).withThrowableThat().withCauseInstanceOf(CancellationException.class);
        assertThat(admission.waiting()).isZero();
        running.close();
        assertThat(admission.running()).isZero();
    }

    @Test
    void enter_tellingThePositionFails_leavesTheLine() {
        Admission admission = admission(1, 0);
        assertThatThrownBy(() -> admission.enter(_ -> {
                    throw new CancellationException("gone");
                }))
                .isInstanceOf(CancellationException.class);
        admission.enter(AdmissionTest::ignore).close();
        assertThat(admission.running()).isZero();
    }

    @Test
    void close_twice_givesBackOnePlace() {
        Admission admission = admission(2, 0);
        Admission.Place one = admission.enter(AdmissionTest::ignore);
        try (Admission.Place _ = admission.enter(AdmissionTest::ignore)) {
            one.close();
            one.close();
            assertThat(admission.running()).isEqualTo(1);
        }
    }

    @Test
    void requireInTime_otherWorkIsAhead_isOverloadedWithThePrediction() {
        Duration alone = Duration.ofSeconds(9);
        Duration inAll = Duration.ofSeconds(90);
        Admission.requireInTime(alone, inAll); // no deadline
        within(Duration.ofMinutes(10), () -> Admission.requireInTime(alone, inAll));

        Fault.Overloaded refusal = catchThrowableOfType(
                Fault.Overloaded.class,
                () -> within(Duration.ofSeconds(60), () -> Admission.requireInTime(alone, inAll)));
        assertThat(refusal.reason()).isEqualTo("DEADLINE_UNREACHABLE");
        assertThat(refusal.description()).startsWith("This would take about 90.0 s now, and the deadline is in ");
        assertThat(refusal.metadata()).containsEntry("predicted_ms", "90000").containsKey("remaining_ms");
        assertThat(refusal.retryAfter()).isBetween(Duration.ofSeconds(30), Duration.ofSeconds(40));
    }

    @Test
    void requireInTime_tooLongEvenAlone_isToldSo() {
        Duration alone = Duration.ofSeconds(90);
        Fault.TooShort refusal = catchThrowableOfType(
                Fault.TooShort.class,
                () -> within(Duration.ofSeconds(60), () -> Admission.requireInTime(alone, alone)));
        assertThat(refusal.reason()).isEqualTo("DEADLINE_TOO_SHORT");
        assertThat(refusal.description()).startsWith("This takes about 90.0 s, and the deadline is in ");
    }

    private void within(Duration time, Runnable work) {
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        try (Context.CancellableContext call =
                Context.current().withDeadlineAfter(time.toMillis(), TimeUnit.MILLISECONDS, timer)) {
            call.run(work);
        } finally {
            timer.shutdownNow();
        }
    }

    private static void ignore(int position) {}

    private static Admission admission(int running, int waiting) {
        return new Admission(new Admission.Configuration(running, waiting, Duration.ofSeconds(5)));
    }

    private CompletableFuture<Admission.Place> enter(Admission admission, IntConsumer onPosition) {
        return CompletableFuture.supplyAsync(() -> admission.enter(onPosition), threads);
    }

    private static Admission.Place callIn(Context context, Admission admission, BlockingQueue<Integer> told) {
        Context previous = context.attach();
        try {
            return admission.enter(told::add);
        } finally {
            context.detach(previous);
        }
    }

    private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        T value = queue.poll(20, TimeUnit.SECONDS);
        if (value == null) {
            throw new AssertionError("Nothing was told");
        }
        return value;
    }
}
