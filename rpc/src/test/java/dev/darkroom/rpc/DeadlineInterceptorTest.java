// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.CallOptions;
import io.grpc.Context;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class DeadlineInterceptorTest {

    @Test
    void call_withoutDeadline_getsTheDefault() throws Exception {
        assertThat(secondsLeft(CallOptions.DEFAULT)).isBetween(500L, 600L);
    }

    @Test
    void call_withShortDeadline_keepsIt() throws Exception {
        assertThat(secondsLeft(CallOptions.DEFAULT.withDeadlineAfter(60, TimeUnit.SECONDS)))
                .isBetween(30L, 60L);
    }

    @Test
    void call_withTooLongDeadline_getsTheMaximum() throws Exception {
        assertThat(secondsLeft(CallOptions.DEFAULT.withDeadlineAfter(2, TimeUnit.DAYS)))
                .isBetween(3500L, 3600L);
    }

    private static long secondsLeft(CallOptions options) throws Exception {
        CompletableFuture<Deadline> seen = new CompletableFuture<>();
        TestingGenerator generator = new TestingGenerator(
                stream -> seen.complete(Objects.requireNonNull(Context.current().getDeadline())));
        RpcConfiguration configuration = TestingServer.withDeadlines(Duration.ofMinutes(10), Duration.ofHours(1));
        try (TestingServer server = new TestingServer(generator, configuration)) {
            new TestingReader(server.channel(), options).read(1).awaitEnd();
            return seen.get(20, TimeUnit.SECONDS).timeRemaining(TimeUnit.SECONDS);
        }
    }
}
