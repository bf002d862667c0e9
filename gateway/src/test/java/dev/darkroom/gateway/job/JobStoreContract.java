// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.rpc.Status;
import dev.darkroom.gateway.v1.AttemptEnd;
import dev.darkroom.gateway.v1.AttemptEnded;
import dev.darkroom.gateway.v1.WatchOperationResponse;
import dev.darkroom.gateway.v1.WatchOperationResponse.EventCase;
import dev.darkroom.media.v1.Checkpoint;
import dev.darkroom.media.v1.StageStarted;
import dev.darkroom.media.v1.StepCompleted;
import dev.darkroom.rpc.Violations;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the store does on every database. */
abstract class JobStoreContract {
    private static final int MANY = 1_000;
    private static final ByteString RESPONSE = ByteString.copyFromUtf8("a response");

    private final TestingClock clock = new TestingClock();

    abstract TestingDatabase database();

    private JobStore store() {
        return new JobStore(database().database.jdbi(), clock);
    }

    @BeforeEach
    void clear() {
        database().clear();
    }

    @Test
    void submit_job_isFoundByItsTenantOnly() {
        Job job = stored(store().submit(TestingDatabase.job("alice", "", 3), MANY));

        Job found = store().find("alice", job.id()).orElseThrow();
        assertThat(found).isEqualTo(job);
        assertThat(found.phase()).isEqualTo(JobPhase.WAITING);
        assertThat(found.labels()).containsEntry("run", "a_b");
        assertThat(found.createdAt()).isEqualTo(clock.instant());
        assertThat(store().find("bob", job.id())).isEmpty();
        assertThat(store().cancel("bob", job.id())).isEmpty();
        assertThat(store().delete("bob", job.id())).isFalse();
    }

    @Test
    void submit_sameRequestId_isOneJobForEachTenant() {
        JobStore.Submitted first = store().submit(TestingDatabase.job("alice", "r", 0), MANY);

        assertThat(store().submit(TestingDatabase.job("alice", "r", 0), MANY))
                .isEqualTo(new JobStore.Submitted.Known(stored(first)));
        assertThat(store().submit(TestingDatabase.job("bob", "r", 0), MANY))
                .isInstanceOf(JobStore.Submitted.Stored.class);
        NewJob other = TestingDatabase.job("alice", "r", 0);
        NewJob changed = new NewJob(
                other.tenant(),
                other.kind(),
                other.request(),
                "1".repeat(64),
                other.requestId(),
                other.policies(),
                other.priority(),
                other.labels(),
                other.ttl(),
                other.shape());
        assertThat(store().submit(changed, MANY)).isInstanceOf(JobStore.Submitted.Conflict.class);
    }

    @Test
    void submit_sameRequestIdAtTheSameTime_storesOne() throws Exception {
        List<Callable<JobStore.Submitted>> calls = IntStream.range(0, 60)
                .<Callable<JobStore.Submitted>>mapToObj(
                        _ -> () -> store().submit(TestingDatabase.job("alice", "r", 0), MANY))
                .toList();

        List<JobStore.Submitted> answers = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(12)) {
            for (Future<JobStore.Submitted> answer : threads.invokeAll(calls)) {
                answers.add(answer.get());
            }
        }

        assertThat(answers)
                .filteredOn(JobStore.Submitted.Stored.class::isInstance)
                .hasSize(1);
        assertThat(answers)
                .filteredOn(JobStore.Submitted.Known.class::isInstance)
                .hasSize(59);
    }

    @Test
    void submit_moreThanMayWait_isRefusedForThatTenant() {
        submit("alice", 0);
        submit("alice", 0);

        assertThat(store().submit(TestingDatabase.job("alice", "", 0), 2)).isEqualTo(new JobStore.Submitted.Full(2));
        assertThat(store().submit(TestingDatabase.job("bob", "", 0), 2)).isInstanceOf(JobStore.Submitted.Stored.class);
    }

    @Test
    void handOver_moreThanTheWindow_handsOverTheBestAndKeepsTheRest() {
        Job low = submit("alice", -1);
        Job first = submit("alice", 0);
        clock.advance(Duration.ofSeconds(1));
        Job second = submit("alice", 0);
        Job high = submit("alice", 2);

        assertThat(store().handOver("alice", 2)).isEqualTo(2);
        assertThat(store().handOver("alice", 2)).isZero();

        assertThat(phase(high)).isEqualTo(JobPhase.HANDED);
        assertThat(phase(first)).isEqualTo(JobPhase.HANDED);
        assertThat(phase(second)).isEqualTo(JobPhase.WAITING);
        assertThat(store().before("alice", reload(second), 0).position()).isEqualTo(2);
        assertThat(store().before("alice", reload(low), -1).position()).isEqualTo(3);
        assertThat(store().before("alice", null, 10).position()).isEqualTo(2);
    }

    @Test
    void handOver_oldJobOfLowerPriority_comesBeforeYoungOneOfHigher() {
        Job old = submit("alice", 0);
        clock.advance(JobRows.AGEING.plusSeconds(1));
        submit("alice", 1);

        store().handOver("alice", 1);

        assertThat(phase(old)).isEqualTo(JobPhase.HANDED);
    }

    @Test
    void claim_handedJob_beginsAnAttemptWithWhatWasSubmitted() {
        Job job = submit("alice", 0);

        Claim claim = claim(job);

        assertThat(claim.job().attempt()).isEqualTo(1);
        assertThat(claim.job().phase()).isEqualTo(JobPhase.RUNNING);
        assertThat(claim.request().toStringUtf8()).isEqualTo("draw");
        assertThat(claim.policies()).containsExactly("strict");
        assertThat(events(job))
                .extracting(WatchOperationResponse::getEventCase)
                .containsExactly(EventCase.ATTEMPT_STARTED);
    }

    @Test
    void tell_progress_keepsTheLatestAndEverythingElse() {
        Job job = submit("alice", 0);
        Claim claim = claim(job);

        long stage = store().tell(
                        claim,
                        1,
                        null,
                        event -> event.setStageStarted(StageStarted.newBuilder().setStage("denoise")),
                        _ -> {});
        long one = store().tell(claim, stage, "step", event -> event.setStepCompleted(step(1)), _ -> {});
        long two = store().tell(claim, one, "step", event -> event.setStepCompleted(step(2)), _ -> {});

        assertThat(events(job)).extracting(WatchOperationResponse::getSequence).containsExactly(1L, stage, two);
        Job told = reload(job);
        assertThat(told.stage()).isEqualTo("denoise");
        assertThat(told.step()).isEqualTo(2);
        assertThat(told.steps()).isEqualTo(4);
    }

    /** The safeguard of test 4 of the contract: whoever was given up writes nothing any more. */
    @Test
    void write_attemptThatWasGivenUp_changesNothing() {
        Job job = submit("alice", 0);
        Claim given = claim(job);
        Claim current = claim(job); // the other gateway took it for lost

        Status late = Status.newBuilder().setCode(13).build();
        assertThatThrownBy(() -> store().tell(given, 1, null, event -> event.setStepCompleted(step(1)), _ -> {}))
                .isInstanceOf(StaleAttemptException.class);
        assertThatThrownBy(() -> store().succeed(given, RESPONSE, Duration.ofSeconds(1)))
                .isInstanceOf(StaleAttemptException.class);
        assertThatThrownBy(() -> store().end(given, JobPhase.FAILED, late, AttemptEnd.ATTEMPT_END_FAILED))
                .isInstanceOf(StaleAttemptException.class);
        assertThatThrownBy(() -> store().retry(given, AttemptEnded.getDefaultInstance()))
                .isInstanceOf(StaleAttemptException.class);

        assertThat(reload(job)).isEqualTo(current.job());
        store().succeed(current, RESPONSE, Duration.ofSeconds(1));
        assertThat(reload(job).response()).isEqualTo(RESPONSE);
        assertThatThrownBy(() -> store().succeed(current, ByteString.EMPTY, Duration.ofSeconds(1)))
                .isInstanceOf(StaleAttemptException.class);
        assertThat(reload(job).response()).isEqualTo(RESPONSE);
    }

    @Test
    void write_alongsideAnEventThatIsRefused_isRefusedToo() {
        Job job = submit("alice", 0);
        Claim given = claim(job);
        claim(job);

        assertThatThrownBy(() -> store().tell(
                                given,
                                1,
                                null,
                                event -> event.setStepCompleted(step(1)),
                                transaction -> transaction.execute("delete from job")))
                .isInstanceOf(StaleAttemptException.class);

        assertThat(store().find("alice", job.id())).isPresent();
    }

    @Test
    void tell_sameEventAgainAfterItsAnswerWasLost_isToldOnce() {
        Job job = submit("alice", 0);
        Claim claim = claim(job);

        long first = store().tell(claim, 1, null, event -> event.setStepCompleted(step(1)), _ -> {});
        long again = store().tell(claim, 1, null, event -> event.setStepCompleted(step(1)), _ -> {});

        assertThat(again).isEqualTo(first);
        assertThat(events(job)).hasSize(2);
    }

    @Test
    void claim_jobOfALostGateway_countsAnInterruptionAndForgetsItsPictures() {
        Job job = submit("alice", 0);
        Claim lost = claim(job);
        store().tell(
                        lost,
                        1,
                        JobStore.imageKind(),
                        event -> event.getImageBuilder().setArtifact("artifacts/x"),
                        _ -> {});

        Claim again = claim(job);

        assertThat(again.job().interruptions()).isEqualTo(1);
        assertThat(again.job().losses()).isZero();
        assertThat(events(job))
                .extracting(WatchOperationResponse::getEventCase)
                .containsExactly(EventCase.ATTEMPT_STARTED, EventCase.ATTEMPT_ENDED, EventCase.ATTEMPT_STARTED);
    }

    @Test
    void claim_jobThatTakesGatewaysWithIt_isQuarantined() {
        Job job = submit("alice", 0);
        for (int i = 0; i < JobStore.MAX_INTERRUPTIONS; i++) {
            claim(job);
        }

        assertThat(store().claim(job.id(), "last")).isEmpty();
        assertThat(phase(job)).isEqualTo(JobPhase.QUARANTINED);
    }

    @Test
    void retry_failureAndLoss_areCountedApart() {
        Job job = submit("alice", 0);

        store().retry(
                        claim(job),
                        AttemptEnded.newBuilder()
                                .setEnd(AttemptEnd.ATTEMPT_END_FAILED)
                                .build());
        store().retry(
                        claim(job),
                        AttemptEnded.newBuilder()
                                .setEnd(AttemptEnd.ATTEMPT_END_LOST)
                                .build());
        store().retry(
                        claim(job),
                        AttemptEnded.newBuilder()
                                .setEnd(AttemptEnd.ATTEMPT_END_POSTPONED)
                                .build());

        Job tried = reload(job);
        assertThat(tried.failures()).isEqualTo(1);
        assertThat(tried.losses()).isEqualTo(1);
        assertThat(tried.attempt()).isEqualTo(3);
        assertThat(tried.phase()).isEqualTo(JobPhase.HANDED);
    }

    @Test
    void keep_checkpoints_areTheNextAttemptsUntilTheEnd() {
        Job job = submit("alice", 0);
        Claim lost = claim(job);
        store().keep(lost, Checkpoint.newBuilder().setIndex(1).setStep(10).build());
        store().keep(lost, Checkpoint.newBuilder().setStep(10).build());
        store().keep(lost, Checkpoint.newBuilder().setStep(20).build());

        Claim again = claim(job);

        assertThat(again.checkpoints()).extracting(Checkpoint::getStep).containsExactly(20, 10);
        assertThatThrownBy(() -> store().keep(lost, Checkpoint.getDefaultInstance()))
                .isInstanceOf(StaleAttemptException.class);
        store().succeed(again, RESPONSE, Duration.ofSeconds(1));
        int kept = database()
                .database
                .jdbi()
                .withHandle(handle -> handle.createQuery("select count(*) from job_checkpoint")
                        .mapTo(Integer.class)
                        .one());
        assertThat(kept).isZero();
    }

    @Test
    void cancel_waitingJob_endsItAtOnce() {
        Job job = submit("alice", 0);
        store().handOver("alice", 1);

        Job cancelled = store().cancel("alice", job.id()).orElseThrow();

        assertThat(cancelled.phase()).isEqualTo(JobPhase.CANCELLED);
        assertThat(store().claim(job.id(), "gateway")).isEmpty();
        assertThat(scheduled()).isZero();
    }

    @Test
    void cancel_runningJob_letsItWriteNothingButItsEnd() {
        Job job = submit("alice", 0);
        Claim claim = claim(job);

        store().cancel("alice", job.id());

        assertThat(store().cancelled(List.of(job.id()))).containsExactly(job.id());
        assertThatThrownBy(() -> store().tell(claim, 1, null, event -> event.setStepCompleted(step(1)), _ -> {}))
                .isInstanceOf(StaleAttemptException.class);
        assertThatThrownBy(() -> store().succeed(claim, RESPONSE, Duration.ofSeconds(1)))
                .isInstanceOf(StaleAttemptException.class);
        store().end(claim, JobPhase.CANCELLED, Outcomes.cancelled(), AttemptEnd.ATTEMPT_END_UNSPECIFIED);
        assertThat(phase(job)).isEqualTo(JobPhase.CANCELLED);
    }

    @Test
    void succeed_job_forgetsItsRequestAndLearnsItsTime() {
        Job job = submit("alice", 0);

        store().succeed(claim(job), RESPONSE, Duration.ofSeconds(2));

        assertThat(store().measured(job.shape().timing()).orElseThrow().of(40)).isEqualTo(Duration.ofSeconds(4));
        String request = database()
                .database
                .jdbi()
                .withHandle(handle -> new String(
                        handle.createQuery("select request from job")
                                .mapTo(byte[].class)
                                .one(),
                        StandardCharsets.UTF_8));
        assertThat(request).isEmpty();
    }

    @Test
    void expired_endedJobs_comeWhenTheirTimeHasComeOrTheyWereDeleted() {
        Job kept = submit("alice", 0);
        Job deleted = submit("alice", 0);
        Job running = submit("alice", 0);
        store().succeed(claim(kept), RESPONSE, Duration.ofSeconds(1));
        store().succeed(claim(deleted), RESPONSE, Duration.ofSeconds(1));
        claim(running);
        store().delete("alice", deleted.id());
        store().delete("alice", running.id());

        assertThat(store().expired(10)).extracting(Job::id).containsExactly(deleted.id());
        assertThat(store().find("alice", running.id())).isEmpty();
        clock.advance(Duration.ofHours(25));
        assertThat(store().find("alice", kept.id())).isEmpty();
        assertThat(store().expired(10)).extracting(Job::id).containsExactlyInAnyOrder(kept.id(), deleted.id());
        store().remove(kept.id());
        assertThat(store().expired(10)).extracting(Job::id).containsExactly(deleted.id());
    }

    @Test
    void list_filtered_findsExactlyThose() {
        Job first = submit("alice", 0);
        clock.advance(Duration.ofSeconds(1));
        Job second = submit("alice", 0);
        store().succeed(claim(second), RESPONSE, Duration.ofSeconds(1));
        submit("bob", 0);

        assertThat(list("")).containsExactly(second.id(), first.id());
        assertThat(list("labels.run = a_b AND state != SUCCEEDED")).containsExactly(first.id());
        assertThat(list("labels.run = axb")).isEmpty();
        assertThat(list("labels.run != axb")).hasSize(2);
        assertThat(list("done = true")).containsExactly(second.id());
        assertThat(list("create_time > \"" + first.createdAt() + "\"")).containsExactly(second.id());
    }

    private List<String> list(String filter) {
        Violations violations = new Violations();
        JobFilter parsed = JobFilter.parse(filter, violations);
        violations.throwIfAny();
        return store().list("alice", parsed, null, 10).stream().map(Job::id).toList();
    }

    private Job submit(String tenant, int priority) {
        return stored(store().submit(TestingDatabase.job(tenant, "", priority), MANY));
    }

    private static Job stored(JobStore.Submitted submitted) {
        return ((JobStore.Submitted.Stored) submitted).job();
    }

    private Claim claim(Job job) {
        return store().claim(job.id(), "gateway").orElseThrow();
    }

    private Job reload(Job job) {
        return store().find(job.tenant(), job.id()).orElseThrow();
    }

    private JobPhase phase(Job job) {
        return reload(job).phase();
    }

    private List<WatchOperationResponse> events(Job job) {
        return store().events(job.id(), 0, 100);
    }

    private int scheduled() {
        return database()
                .database
                .jdbi()
                .withHandle(handle -> handle.createQuery("select count(*) from scheduled_tasks")
                        .mapTo(Integer.class)
                        .one());
    }

    private static StepCompleted step(int step) {
        return StepCompleted.newBuilder().setStep(step).setNumInferenceSteps(4).build();
    }
}
