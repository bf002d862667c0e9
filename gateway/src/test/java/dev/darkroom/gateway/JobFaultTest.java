// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.longrunning.ListOperationsRequest;
import com.google.longrunning.Operation;
import com.google.protobuf.Duration;
import com.google.rpc.RetryInfo;
import dev.darkroom.gateway.v1.AttemptEnd;
import dev.darkroom.gateway.v1.JobState;
import dev.darkroom.gateway.v1.OperationMetadata;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.text2image.v1.GenerateRequest;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Jobs whose workers or gateways fail, and jobs of many tenants. */
@Timeout(60)
final class JobFaultTest {
    private static final long POISON = 13;

    /** Test 16 of the contract, with 12 jobs. */
    @Test
    void run_jobThatKillsEveryWorker_isQuarantinedAndTheOthersFinish() {
        try (TestingGateway gateway = new TestingGateway()) {
            gateway.textToImage.dying = request -> request.getParameters().getSeed() == POISON;
            TestingJobs jobs = new TestingJobs(gateway.channel);
            List<String> good = IntStream.range(0, 11)
                    .mapToObj(
                            seed -> jobs.submit(TestingJobs.picture(100 + seed)).getName())
                    .toList();
            String poison = jobs.submit(TestingJobs.picture(POISON)).getName();

            Operation quarantined = jobs.end(poison);

            assertThat(good)
                    .allSatisfy(name -> assertThat(
                                    TestingJobs.images(jobs.end(name)).getImagesCount())
                            .isEqualTo(1));
            assertThat(callsOf(gateway, POISON)).isEqualTo(3);
            OperationMetadata metadata = TestingJobs.metadata(quarantined);
            assertThat(metadata.getState()).isEqualTo(JobState.JOB_STATE_QUARANTINED);
            assertThat(metadata.getLosses()).isEqualTo(3);
            assertThat(metadata.getFailures()).isZero();
            assertThat(TestingJobs.error(quarantined).code()).isEqualTo(Status.Code.ABORTED);
            assertThat(TestingJobs.error(quarantined).reason()).isEqualTo("JOB_QUARANTINED");
        }
    }

    @Test
    void run_workerLostOnce_isTriedAgainAndTellsOfIt() {
        try (TestingGateway gateway = new TestingGateway()) {
            gateway.textToImage.dying = _ -> gateway.textToImage.calls.size() == 1;
            TestingJobs jobs = new TestingJobs(gateway.channel);
            String name = jobs.submit(TestingJobs.picture(7)).getName();

            Operation ended = jobs.end(name);

            assertThat(jobs.read(TestingJobs.images(ended).getImages(0).getArtifact()))
                    .isEqualTo(TestingTextToImageService.pixels(7, gateway.textToImage.imageBytes));
            assertThat(TestingJobs.metadata(ended).getLosses()).isEqualTo(1);
            assertThat(jobs.watch(name, 0))
                    .filteredOn(event -> event.hasAttemptEnded())
                    .singleElement()
                    .satisfies(event ->
                            assertThat(event.getAttemptEnded().getEnd()).isEqualTo(AttemptEnd.ATTEMPT_END_LOST));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void run_workerLostAfterACheckpoint_theNextOneGoesOnFromItIfItCan(boolean resumes) throws Exception {
        try (TestingGateway gateway = new TestingGateway(Map.of("darkroom.gateway.jobs.checkpoint-interval", "1"))) {
            gateway.textToImage.resumes = resumes;
            gateway.textToImage.dying = _ -> gateway.textToImage.calls.size() == 1;
            TestingJobs jobs = new TestingJobs(gateway.channel);
            String name = jobs.submit(TestingJobs.picture(7)).getName();

            Operation ended = jobs.end(name);

            assertThat(TestingJobs.metadata(ended).getState()).isEqualTo(JobState.JOB_STATE_SUCCEEDED);
            assertThat(TestingJobs.metadata(ended).getAttempts()).isEqualTo(2);
            List<GenerateRequest> requests =
                    gateway.textToImage.calls.stream().map(call -> call.request).toList();
            assertThat(requests.get(0).getResumeList()).isEmpty();
            assertThat(requests.get(1).getResumeList()).containsExactly(TestingTextToImageService.checkpoint(0, 1));
            assertThat(requests.getLast().getResumeList().isEmpty()).isNotEqualTo(resumes);
            assertThat(requests).hasSize(resumes ? 2 : 3);
        }
    }

    @Test
    void run_serviceAway_isTriedAgainAndCountedAsFailure() throws Exception {
        try (TestingGateway gateway = new TestingGateway()) {
            gateway.textToImage.refusal =
                    TestingUpstream.failure(Status.Code.UNAVAILABLE, "The service is still loading", "NOT_READY");
            TestingJobs jobs = new TestingJobs(gateway.channel);
            String name = jobs.submit(TestingJobs.picture(7)).getName();
            gateway.textToImage.calls.take();
            gateway.textToImage.calls.take();
            gateway.textToImage.refusal = null;

            OperationMetadata metadata = TestingJobs.metadata(jobs.end(name));

            assertThat(metadata.getState()).isEqualTo(JobState.JOB_STATE_SUCCEEDED);
            assertThat(metadata.getFailures()).isPositive();
            assertThat(metadata.getLosses()).isZero();
        }
    }

    @Test
    void run_faultThatStays_failsAtOnce() {
        try (TestingGateway gateway = new TestingGateway()) {
            gateway.textToImage.refusal =
                    TestingUpstream.failure(Status.Code.INVALID_ARGUMENT, "1 field is wrong", "REQUEST_INVALID");
            TestingJobs jobs = new TestingJobs(gateway.channel);

            Operation ended = jobs.end(jobs.submit(TestingJobs.picture(7)).getName());

            assertThat(TestingJobs.error(ended).reason()).isEqualTo("REQUEST_INVALID");
            assertThat(TestingJobs.metadata(ended).getAttempts()).isEqualTo(1);
            assertThat(gateway.textToImage.calls).hasSize(1);
        }
    }

    @Test
    void run_workerWithoutRoom_waitsUncounted() throws Exception {
        RetryInfo soon = RetryInfo.newBuilder()
                .setRetryDelay(Duration.newBuilder().setNanos(1_000_000))
                .build();
        try (TestingGateway gateway = new TestingGateway()) {
            gateway.textToImage.refusal =
                    TestingUpstream.failure(Status.Code.RESOURCE_EXHAUSTED, "The queue is full", "QUEUE_FULL", soon);
            TestingJobs jobs = new TestingJobs(gateway.channel);
            String name = jobs.submit(TestingJobs.picture(7)).getName();
            gateway.textToImage.calls.take();
            gateway.textToImage.calls.take();
            gateway.textToImage.refusal = null;

            OperationMetadata metadata = TestingJobs.metadata(jobs.end(name));

            assertThat(metadata.getState()).isEqualTo(JobState.JOB_STATE_SUCCEEDED);
            assertThat(metadata.getFailures()).isZero();
            assertThat(metadata.getAttempts()).isGreaterThan(1);
        }
    }

    /** Test 18 of the contract. */
    @Test
    void run_workerThatFallsSilent_countsAsLostAndIsCalledOff() throws Exception {
        try (TestingGateway gateway = new TestingGateway(Map.of("darkroom.gateway.jobs.stall-timeout", "300ms"))) {
            gateway.textToImage.hanging = _ -> gateway.textToImage.calls.size() == 1;
            gateway.textToImage.altered = events -> gateway.textToImage.calls.size() == 1 ? events.limit(4) : events;
            TestingJobs jobs = new TestingJobs(gateway.channel);

            Operation ended = jobs.end(jobs.submit(TestingJobs.picture(7)).getName());

            assertThat(TestingJobs.metadata(ended).getState()).isEqualTo(JobState.JOB_STATE_SUCCEEDED);
            assertThat(TestingJobs.metadata(ended).getLosses()).isEqualTo(1);
            assertThat(gateway.textToImage.calls.take().cancelled.getCount()).isZero();
        }
    }

    @Test
    void run_attemptThatTakesTooLong_fails() {
        try (TestingGateway gateway = new TestingGateway(Map.of("darkroom.gateway.jobs.attempt-timeout", "300ms"))) {
            gateway.textToImage.hanging = _ -> true;
            TestingJobs jobs = new TestingJobs(gateway.channel);

            Operation ended = jobs.end(jobs.submit(TestingJobs.picture(7)).getName());

            assertThat(TestingJobs.error(ended).code()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
            assertThat(TestingJobs.error(ended).reason()).isEqualTo("ATTEMPT_TIMEOUT");
        }
    }

    @Test
    void stop_runningJob_isHandedOverAndFinishedByTheNextGateway(@TempDir Path folder) throws Exception {
        Map<String, String> durable = Map.of("darkroom.gateway.data", folder.toString());
        String running;
        String waiting;
        try (TestingGateway gateway = new TestingGateway(with(durable, "darkroom.gateway.jobs.concurrency", "1"))) {
            gateway.textToImage.hanging = _ -> true;
            TestingJobs jobs = new TestingJobs(gateway.channel);
            running = jobs.submit(TestingJobs.picture(7)).getName();
            gateway.textToImage.calls.take();
            waiting = jobs.submit(TestingJobs.picture(8)).getName();
        }
        try (TestingGateway gateway = new TestingGateway(durable)) {
            TestingJobs jobs = new TestingJobs(gateway.channel);

            Operation handedOver = jobs.end(running);

            assertThat(jobs.read(TestingJobs.images(handedOver).getImages(0).getArtifact()))
                    .isEqualTo(TestingTextToImageService.pixels(7, gateway.textToImage.imageBytes));
            assertThat(TestingJobs.metadata(handedOver).getAttempts()).isEqualTo(2);
            assertThat(TestingJobs.metadata(handedOver).getFailures()).isZero();
            assertThat(TestingJobs.metadata(handedOver).getLosses()).isZero();
            assertThat(TestingJobs.images(jobs.end(waiting)).getImagesCount()).isEqualTo(1);
        }
    }

    /** Shares: a tenant with many jobs does not keep another one waiting for all of them. */
    @Test
    void run_oneJobBehindManyOfAnotherTenant_comesBeforeMostOfThem() throws Exception {
        Map<String, String> keys = keys("alice", "bob");
        try (TestingGateway gateway = new TestingGateway(
                with(with(keys, "darkroom.gateway.jobs.concurrency", "1"), "darkroom.gateway.jobs.window", "2"))) {
            gateway.textToImage.imageBytes = 100;
            TestingJobs alice = as("alice", gateway);
            TestingJobs bob = as("bob", gateway);
            for (int i = 0; i < 30; i++) {
                alice.submit(TestingJobs.picture(100 + i));
            }

            String small = bob.submit(TestingJobs.picture(7)).getName();
            bob.end(small);

            List<Long> begun = new ArrayList<>();
            gateway.textToImage.calls.forEach(
                    call -> begun.add(call.request.getParameters().getSeed()));
            int before = begun.indexOf(7L);
            long done = alice.operations()
                    .listOperations(ListOperationsRequest.newBuilder()
                            .setFilter("done = true")
                            .build())
                    .getOperationsCount();
            assertThat(begun.subList(before, begun.size()).size()).isLessThan(10);
            assertThat(done).isLessThan(30);
        }
    }

    @Test
    void submit_moreThanMayWait_isRefusedWithThePlaceInTheLine() throws Exception {
        try (TestingGateway gateway = new TestingGateway(
                Map.of("darkroom.gateway.jobs.window", "1", "darkroom.gateway.jobs.max-waiting", "2"))) {
            gateway.textToImage.hanging = _ -> true;
            TestingJobs jobs = new TestingJobs(gateway.channel);
            jobs.submit(TestingJobs.picture(1));
            gateway.textToImage.calls.take();
            String next = jobs.submit(TestingJobs.picture(2)).getName();
            String last = jobs.submit(TestingJobs.picture(3)).getName();

            ErrorDetails refused = TestingJobs.failure(() -> jobs.submit(TestingJobs.picture(4)));

            assertThat(refused.code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
            assertThat(refused.reason()).isEqualTo("JOBS_FULL");
            assertThat(refused.retryAfter()).isPositive();
            assertThat(refused.metadata()).containsEntry("queue_position", "2");
            assertThat(TestingJobs.metadata(jobs.get(next)).getQueuePosition()).isZero();
            assertThat(TestingJobs.metadata(jobs.get(last)).getQueuePosition()).isEqualTo(1);
        }
    }

    @Test
    void operations_ofAnotherTenant_doNotExist() {
        try (TestingGateway gateway = new TestingGateway(keys("alice", "bob"))) {
            TestingJobs alice = as("alice", gateway);
            TestingJobs bob = as("bob", gateway);
            String name = alice.submit(TestingJobs.picture(7)).getName();
            String artifact = TestingJobs.images(alice.end(name)).getImages(0).getArtifact();

            assertThat(TestingJobs.failure(() -> bob.get(name)).reason()).isEqualTo("OPERATION_UNKNOWN");
            assertThat(TestingJobs.failure(() -> bob.cancel(name)).reason()).isEqualTo("OPERATION_UNKNOWN");
            assertThat(TestingJobs.failure(() -> bob.watch(name, 0)).reason()).isEqualTo("OPERATION_UNKNOWN");
            assertThat(TestingJobs.failure(() -> bob.read(artifact)).reason()).isEqualTo("ARTIFACT_UNKNOWN");
            assertThat(bob.operations()
                            .listOperations(ListOperationsRequest.getDefaultInstance())
                            .getOperationsList())
                    .isEmpty();
        }
    }

    private static long callsOf(TestingGateway gateway, long seed) {
        return gateway.textToImage.calls.stream()
                .map(call -> call.request)
                .map(GenerateRequest::getParameters)
                .filter(parameters -> parameters.getSeed() == seed)
                .count();
    }

    private static Map<String, String> with(Map<String, String> properties, String key, String value) {
        Map<String, String> more = new HashMap<>(properties);
        more.put(key, value);
        return more;
    }

    private static Map<String, String> keys(String... names) {
        Map<String, String> keys = new HashMap<>();
        for (String name : names) {
            keys.put("darkroom.gateway.api-keys." + name + ".sha256", ApiKey.sha256Of(key(name)));
        }
        return keys;
    }

    private static String key(String name) {
        return "a-key-for-" + name;
    }

    private static TestingJobs as(String name, TestingGateway gateway) {
        Metadata headers = new Metadata();
        headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + key(name));
        return new TestingJobs(
                ClientInterceptors.intercept(gateway.channel, MetadataUtils.newAttachHeadersInterceptor(headers)));
    }
}
