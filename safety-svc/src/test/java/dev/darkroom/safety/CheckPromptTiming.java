// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.safety;

import static org.assertj.core.api.Assertions.assertThat;

import dev.darkroom.rpc.ServiceApplication;
import dev.darkroom.safety.policy.Policies;
import dev.darkroom.safety.policy.Policy;
import dev.darkroom.safety.v1.CheckPromptRequest;
import dev.darkroom.safety.v1.SafetyServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

/** No test: the figures of the README. {@code ./mvnw -pl safety-svc -am test -Dtest=CheckPromptTiming -Dsurefire.failIfNoSpecifiedTests=false}. */
class CheckPromptTiming {

    private static final int ROUNDS = 20;
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    @Test
    void policy_loaded_once() {
        long start = THREADS.getCurrentThreadCpuTime();
        Policies policies = new Policies(null);
        System.out.printf(
                "policy loaded in a cold JVM: %d ms of processor time%n",
                (THREADS.getCurrentThreadCpuTime() - start) / 1_000_000);
        assertThat(policies.names()).isNotEmpty();
    }

    @Test
    void check_typicalAndLongPrompts_inProcess() {
        Policy policy = new Policies(null).byDefault();
        time(
                "check, as written",
                prompts(0),
                THREADS::getCurrentThreadCpuTime,
                prompt -> PromptCheck.check(List.of(policy), prompt, "blurry, tree"));
        time(
                "check, 500 characters",
                prompts(500),
                THREADS::getCurrentThreadCpuTime,
                prompt -> PromptCheck.check(List.of(policy), prompt, "blurry, tree"));
    }

    @Test
    void checkPrompt_typicalPrompts_overLoopback() {
        try (ServiceApplication application = ServiceApplication.named(Application.NAME)
                .property("grpc.server.port", 0)
                .start()) {
            application.awaitReady(Duration.ofSeconds(30));
            ManagedChannel channel = ManagedChannelBuilder.forAddress("127.0.0.1", application.port())
                    .usePlaintext()
                    .build();
            var safety = SafetyServiceGrpc.newBlockingStub(channel);
            time(
                    "CheckPrompt, one caller, wall time",
                    prompts(0),
                    System::nanoTime,
                    prompt -> safety.checkPrompt(
                            CheckPromptRequest.newBuilder().setPrompt(prompt).build()));
            channel.shutdownNow();
        }
    }

    /** The prompts of the harmless set, each followed by others until it has {@code length} characters. */
    private static List<String> prompts(int length) {
        List<String> prompts = PromptLines.of("harmless.txt");
        String all = String.join(", ", prompts) + ", " + String.join(", ", prompts);
        return prompts.stream()
                .map(prompt -> length == 0 ? prompt : all.substring(all.indexOf(prompt), all.indexOf(prompt) + length))
                .toList();
    }

    private static void time(String what, List<String> prompts, LongSupplier clock, Consumer<String> check) {
        for (int round = 0; round < ROUNDS; round++) {
            prompts.forEach(check);
        }
        long[] times = new long[ROUNDS * prompts.size()];
        for (int i = 0; i < times.length; i++) {
            String prompt = prompts.get(i % prompts.size());
            long start = clock.getAsLong();
            check.accept(prompt);
            times[i] = clock.getAsLong() - start;
        }
        Arrays.sort(times);
        System.out.printf(
                "%-36s n %d  p50 %.3f ms  p99 %.3f ms%n",
                what, times.length, times[times.length / 2] / 1e6, times[times.length * 99 / 100] / 1e6);
    }
}
