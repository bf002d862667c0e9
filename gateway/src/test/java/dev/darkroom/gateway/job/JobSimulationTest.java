// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.v1.AttemptEnd;
import dev.darkroom.gateway.v1.AttemptEnded;
import dev.darkroom.media.v1.StepCompleted;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * Jobs, gateways and leases under a virtual clock and a seeded order of events: clients repeat and cancel, gateways die, freeze and come
 * back with what they held. A seed that fails fails again.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class JobSimulationTest {
    private static final int SEEDS = 500;
    private static final int STEPS = 30;
    private static final int WINDOW = 2;
    private static final int GATEWAYS = 3;
    private static final List<String> TENANTS = List.of("alice", "bob");
    private static final Duration LEASE = Duration.ofSeconds(20);

    private final TestingDatabase database = new TestingDatabase();

    @AfterAll
    void close() {
        database.close();
    }

    @Test
    void run_anyOrderOfEvents_endsEveryJobOnceAndLosesNone() {
        for (int seed = 0; seed < SEEDS; seed++) {
            database.clear();
            World world = new World(database, seed);
            for (int step = 0; step < STEPS; step++) {
                world.step();
                world.check();
            }
            world.settle();
        }
    }

    /** What the engine's row says: who has the job, and until when. */
    private record Lease(int gateway, long until) {}

    private static final class World {
        private final String seed;
        private final Random random;
        private final TestingClock clock = new TestingClock();
        private final JobStore store;
        private final Map<String, Job> ledger = new LinkedHashMap<>(); // as each was seen last
        private final Map<String, String> requests = new HashMap<>(); // request id to job
        private final Map<String, Lease> leases = new HashMap<>();
        private final List<Held> held = new ArrayList<>();
        private final boolean[] frozen = new boolean[GATEWAYS];

        /** A claim that a gateway believes in. */
        private record Held(int gateway, Claim claim, AtomicLong sequence) {}

        World(TestingDatabase database, int seed) {
            this.seed = "seed " + seed;
            this.random = new Random(seed);
            this.store = new JobStore(database.database.jdbi(), clock);
        }

        void step() {
            switch (random.nextInt(10)) {
                case 0, 1 -> submit();
                case 2 -> store.handOver(tenant(), WINDOW);
                case 3, 4 -> pick();
                case 5 -> withHeld(this::tell);
                case 6, 7 -> withHeld(this::end);
                case 8 -> disturb();
                default -> cancelOne();
            }
            clock.advance(Duration.ofSeconds(1 + random.nextInt(8)));
            beat();
        }

        private void submit() {
            String requestId = "r" + random.nextInt(8);
            String tenant = TENANTS.get(requestId.hashCode() & 1);
            switch (store.submit(TestingDatabase.job(tenant, requestId, random.nextInt(3)), 100)) {
                case JobStore.Submitted.Stored(Job job) -> {
                    assertThat(requests.put(requestId, job.id())).as(seed).isNull();
                    ledger.put(job.id(), job);
                }
                case JobStore.Submitted.Known(Job job) ->
                    assertThat(requests).as(seed).containsEntry(requestId, job.id());
                case JobStore.Submitted.Conflict _, JobStore.Submitted.Full _ -> throw new AssertionError(seed);
            }
        }

        /** As the engine: a row that nobody has, or whose holder's heart has stopped. */
        private void pick() {
            int gateway = random.nextInt(GATEWAYS);
            for (Job job : ledger.values()) {
                boolean due = job.phase() == JobPhase.HANDED || job.phase() == JobPhase.RUNNING;
                Lease lease = leases.get(job.id());
                if (due && !frozen[gateway] && (lease == null || lease.until() <= now())) {
                    leases.put(job.id(), new Lease(gateway, now() + LEASE.toMillis()));
                    store.claim(job.id(), "gateway " + gateway)
                            .ifPresent(claim -> held.add(new Held(
                                    gateway, claim, new AtomicLong(claim.job().lastSequence()))));
                    return;
                }
            }
        }

        private void withHeld(Consumer<Held> what) {
            List<Held> awake = held.stream().filter(it -> !frozen[it.gateway()]).toList();
            if (!awake.isEmpty()) {
                what.accept(awake.get(random.nextInt(awake.size())));
            }
        }

        private void tell(Held attempt) {
            StepCompleted step = StepCompleted.newBuilder().setStep(1).build();
            AtomicLong last = attempt.sequence();
            guarded(
                    attempt,
                    () -> last.set(store.tell(
                            attempt.claim(), last.get(), "step", event -> event.setStepCompleted(step), _ -> {})));
        }

        private void end(Held attempt) {
            Claim claim = attempt.claim();
            guarded(attempt, () -> {
                switch (random.nextInt(4)) {
                    case 0 ->
                        store.retry(
                                claim,
                                AttemptEnded.newBuilder()
                                        .setEnd(AttemptEnd.ATTEMPT_END_LOST)
                                        .build());
                    case 1 -> store.end(claim, JobPhase.FAILED, Outcomes.cancelled(), AttemptEnd.ATTEMPT_END_FAILED);
                    default -> store.succeed(claim, response(claim), Duration.ofSeconds(1));
                }
                release(attempt);
            });
        }

        /** Whoever does not have the latest attempt of a running job must be refused, and only those and the cancelled are. */
        private void guarded(Held attempt, Runnable write) {
            Job before = reload(attempt.claim().job().id());
            boolean current = before.phase() == JobPhase.RUNNING
                    && before.attempt() == attempt.claim().job().attempt();
            try {
                write.run();
                assertThat(current).as(seed).isTrue();
            } catch (StaleAttemptException _) {
                assertThat(!current || before.cancelRequested()).as(seed).isTrue();
                if (current) {
                    store.end(
                            attempt.claim(),
                            JobPhase.CANCELLED,
                            Outcomes.cancelled(),
                            AttemptEnd.ATTEMPT_END_UNSPECIFIED);
                    release(attempt);
                } else {
                    held.remove(attempt);
                }
            }
        }

        private void release(Held attempt) {
            held.remove(attempt);
            leases.remove(attempt.claim().job().id());
        }

        private void disturb() {
            int gateway = random.nextInt(GATEWAYS);
            if (random.nextBoolean()) {
                held.removeIf(it -> it.gateway() == gateway); // killed; its leases run out
            } else {
                frozen[gateway] = !frozen[gateway];
            }
        }

        private void beat() {
            leases.replaceAll((id, lease) -> {
                boolean alive = !frozen[lease.gateway()]
                        && held.stream()
                                .anyMatch(it -> it.gateway() == lease.gateway()
                                        && it.claim().job().id().equals(id));
                return alive ? new Lease(lease.gateway(), now() + LEASE.toMillis()) : lease;
            });
        }

        private void cancelOne() {
            List<Job> jobs = List.copyOf(ledger.values());
            if (!jobs.isEmpty()) {
                Job job = jobs.get(random.nextInt(jobs.size()));
                store.cancel(job.tenant(), job.id());
            }
        }

        /** What must hold after every event. */
        void check() {
            Map<String, Integer> window = new HashMap<>();
            Map<String, Job> now = new HashMap<>();
            for (String tenant : TENANTS) {
                store.list(tenant, JobFilter.ALL, null, 100).forEach(job -> now.put(job.id(), job));
            }
            assertThat(now.keySet()).as(seed).isEqualTo(ledger.keySet());
            ledger.replaceAll((id, before) -> {
                Job job = Objects.requireNonNull(now.get(id));
                assertThat(job.attempt()).as(seed).isGreaterThanOrEqualTo(before.attempt());
                assertThat(job.lastSequence()).as(seed).isGreaterThanOrEqualTo(before.lastSequence());
                assertThat(job.response() != null).as(seed).isEqualTo(job.phase() == JobPhase.SUCCEEDED);
                if (before.phase().isTerminal()) {
                    assertThat(job).as(seed).isEqualTo(before);
                }
                if (job.phase() == JobPhase.HANDED || job.phase() == JobPhase.RUNNING) {
                    window.merge(job.tenant(), 1, Integer::sum);
                }
                return job;
            });
            assertThat(window.values()).as(seed).allMatch(count -> count <= WINDOW);
        }

        /** Once all gateways are well again, every job that was acknowledged comes to an end. */
        void settle() {
            Arrays.fill(frozen, false);
            for (int round = 0; round < 200 && !allEnded(); round++) {
                TENANTS.forEach(tenant -> store.handOver(tenant, WINDOW));
                check();
                pick();
                List.copyOf(held).forEach(this::end);
                clock.advance(Duration.ofSeconds(5));
                beat();
                check();
            }
            assertThat(allEnded()).as(seed).isTrue();
        }

        private boolean allEnded() {
            return ledger.values().stream().allMatch(job -> job.phase().isTerminal());
        }

        private Job reload(String id) {
            Job seen = Objects.requireNonNull(ledger.get(id));
            return store.find(seen.tenant(), id).orElseThrow(() -> new AssertionError(seed + ": lost " + id));
        }

        private static ByteString response(Claim claim) {
            return ByteString.copyFromUtf8("made by attempt " + claim.job().attempt());
        }

        private String tenant() {
            return TENANTS.get(random.nextInt(TENANTS.size()));
        }

        private long now() {
            return clock.instant().toEpochMilli();
        }
    }
}
