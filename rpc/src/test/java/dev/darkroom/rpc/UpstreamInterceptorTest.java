// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.CallOptions;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Status;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class UpstreamInterceptorTest {

    private final BackendCredential credential =
            new BackendCredential(new BackendCredential.Configuration("0123456789abcdef", null));

    @Test
    void call_withinARequest_carriesItsTraceAndTheCredential() throws Exception {
        CompletableFuture<Trace> seen = new CompletableFuture<>();
        TestingGenerator backend = new TestingGenerator(_ -> seen.complete(Trace.current()));
        Trace trace = Trace.fresh();
        try (TestingServer server = server(backend, interceptor(credential))) {
            Status.Code code = Context.current()
                    .withValue(Trace.KEY, trace)
                    .call(() -> new TestingReader(server.channel()).read(1).awaitEnd());

            assertThat(code).isEqualTo(Status.Code.OK);
            assertThat(seen.get(20, TimeUnit.SECONDS).traceId()).isEqualTo(trace.traceId());
            assertThat(seen.get().parentId()).isNotEqualTo(trace.parentId());
        }
    }

    @Test
    void call_withoutOrWithAnotherCredential_isUnauthenticated() throws Exception {
        TestingGenerator backend = new TestingGenerator(_ -> {});
        BackendCredential other =
                new BackendCredential(new BackendCredential.Configuration("another-token-of-16", null));
        BackendCredential none = new BackendCredential(new BackendCredential.Configuration(null, null));
        for (BackendCredential wrong : new BackendCredential[] {other, none}) {
            try (TestingServer server = server(backend, interceptor(wrong))) {
                assertThat(new TestingReader(server.channel()).read(1).awaitEnd())
                        .isEqualTo(Status.Code.UNAUTHENTICATED);
            }
        }
    }

    @Test
    void call_withDeadline_losesTheMarginButAtMostATenth() throws Exception {
        assertThat(millisTaken(60_000)).isBetween(200L, 30_000L);
        assertThat(millisTaken(1_000_000)).isBetween(200L, 30_000L);
        // 5 min of margin asked for by the test's interceptor, a tenth of 100 s granted.
        assertThat(millisTaken(100_000, Duration.ofMinutes(5))).isBetween(10_000L, 40_000L);
    }

    private long millisTaken(long millis) throws Exception {
        return millisTaken(millis, Duration.ofMillis(200));
    }

    /** Milliseconds that are missing at the backend of those that the caller had. */
    private long millisTaken(long millis, Duration margin) throws Exception {
        CompletableFuture<Deadline> seen = new CompletableFuture<>();
        TestingGenerator backend = new TestingGenerator(
                _ -> seen.complete(Objects.requireNonNull(Context.current().getDeadline())));
        try (TestingServer server = server(backend, new UpstreamInterceptor(credential, margin))) {
            new TestingReader(server.channel(), CallOptions.DEFAULT.withDeadlineAfter(millis, TimeUnit.MILLISECONDS))
                    .read(1)
                    .awaitEnd();
            return millis - remaining(seen);
        }
    }

    private static long remaining(CompletableFuture<Deadline> seen)
            throws ExecutionException, InterruptedException, TimeoutException {
        return seen.get(20, TimeUnit.SECONDS).timeRemaining(TimeUnit.MILLISECONDS);
    }

    private ClientInterceptor interceptor(BackendCredential shown) {
        return new UpstreamInterceptor(shown, Duration.ofMillis(200));
    }

    private TestingServer server(TestingGenerator backend, ClientInterceptor interceptor) {
        return new TestingServer(backend, TestingServer.configuration(), credential, interceptor);
    }
}
