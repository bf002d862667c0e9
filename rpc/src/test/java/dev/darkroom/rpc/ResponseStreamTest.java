// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import static dev.darkroom.rpc.TestingGenerator.event;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.MDC;

@Timeout(60)
final class ResponseStreamTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    @Test
    void offer_readerIsSlow_keepsTheLatestAndTheOrder() throws Exception {
        CountDownLatch offered = new CountDownLatch(1);
        TestingGenerator generator = new TestingGenerator(stream -> {
            stream.send(event(1));
            for (int sequence = 2; sequence <= 100; sequence++) {
                stream.offer("step", event(sequence));
            }
            stream.offer("preview", event(101));
            stream.offer("step", event(102));
            offered.countDown();
            stream.send(event(103));
        });
        try (TestingServer server = new TestingServer(generator, TestingServer.configuration())) {
            TestingReader reader = new TestingReader(server.channel()).read(1);
            assertThat(offered.await(20, TimeUnit.SECONDS)).isTrue();

            assertThat(reader.read(1000).awaitEnd()).isEqualTo(Status.Code.OK);
            assertThat(reader.sequences()).containsExactly(1L, 101L, 102L, 103L);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, false", "2, true"})
    void hasRoom_afterOneEvent_isWhatTheReaderStillTakes(int taken, boolean room) throws Exception {
        CompletableFuture<Boolean> seen = new CompletableFuture<>();
        TestingGenerator generator = new TestingGenerator(stream -> {
            stream.send(event(1));
            seen.complete(stream.hasRoom());
        });
        try (TestingServer server = new TestingServer(generator, TestingServer.configuration())) {
            TestingReader reader = new TestingReader(server.channel()).read(taken);

            assertThat(seen).succeedsWithin(SOON).isEqualTo(room);
            assertThat(reader.read(1).awaitEnd()).isEqualTo(Status.Code.OK);
        }
    }

    @Test
    void send_readerIsSlow_losesNothing() throws Exception {
        TestingGenerator generator = new TestingGenerator(stream -> {
            for (int sequence = 1; sequence <= 50; sequence++) {
                stream.send(event(sequence));
            }
        });
        try (TestingServer server = new TestingServer(generator, TestingServer.configuration())) {
            TestingReader reader = new TestingReader(server.channel());
            for (int i = 0; i < 60; i++) {
                reader.read(1);
            }
            assertThat(reader.awaitEnd()).isEqualTo(Status.Code.OK);
            assertThat(reader.sequences()).hasSize(50).isSorted();
        }
    }

    @Test
    void send_readerGoesAwayWhileWaiting_endsWithCancellation() throws Exception {
        CountDownLatch first = new CountDownLatch(1);
        CompletableFuture<Throwable> thrown = new CompletableFuture<>();
        TestingGenerator generator = new TestingGenerator(stream -> {
            stream.send(event(1));
            first.countDown();
            try {
                stream.send(event(2));
            } catch (CancellationException e) {
                assertThat(stream.isCancelled()).isTrue();
                thrown.complete(e);
                throw e;
            }
        });
        try (TestingServer server = new TestingServer(generator, TestingServer.configuration())) {
            TestingReader reader = new TestingReader(server.channel()).read(1);
            assertThat(first.await(20, TimeUnit.SECONDS)).isTrue();
            reader.goAway();

            assertThat(thrown).succeedsWithin(SOON);
            assertThat(server.inFlight().awaitIdle(SOON)).isTrue();
        }
    }

    @Test
    void serve_workThrows_endsTheCallWithTheFault() throws Exception {
        TestingGenerator generator = new TestingGenerator(stream -> {
            throw new Fault.Overloaded("QUEUE_FULL", "queue", "full", Duration.ofSeconds(3));
        });
        try (TestingServer server = new TestingServer(generator, TestingServer.configuration())) {
            assertThat(new TestingReader(server.channel()).read(1).awaitEnd())
                    .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        }
    }

    @Test
    void serve_workRuns_onAVirtualThreadWithTheTraceOfTheCall() throws Exception {
        CompletableFuture<String> seen = new CompletableFuture<>();
        TestingGenerator generator = new TestingGenerator(stream -> {
            assertThat(Thread.currentThread().isVirtual()).isTrue();
            assertThat(MDC.get(Trace.MDC_KEY)).isEqualTo(Trace.current().traceId());
            seen.complete(Trace.current().traceId());
        });
        try (TestingServer server = new TestingServer(generator, TestingServer.configuration())) {
            assertThat(new TestingReader(server.channel()).read(1).awaitEnd()).isEqualTo(Status.Code.OK);
            assertThat(seen).succeedsWithin(SOON).asString().matches("[0-9a-f]{32}");
        }
    }

    @Test
    void serve_deadlineOfTheServerPassesWhileWorkDoesNotLook_endsTheCall() throws Exception {
        CountDownLatch released = new CountDownLatch(1);
        CompletableFuture<Throwable> late = new CompletableFuture<>();
        TestingGenerator generator = new TestingGenerator(stream -> {
            released.await();
            late.complete(catchThrowable(() -> stream.send(event(1))));
        });
        RpcConfiguration hasty = TestingServer.withDeadlines(Duration.ofMillis(50), Duration.ofHours(1));
        try (TestingServer server = new TestingServer(generator, hasty)) {
            assertThat(new TestingReader(server.channel()).read(1).awaitEnd()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
            released.countDown();
            assertThat(late).succeedsWithin(SOON).isInstanceOf(CancellationException.class);
        }
    }
}
