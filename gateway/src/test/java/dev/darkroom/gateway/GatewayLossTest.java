// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.longrunning.ListOperationsRequest;
import com.google.longrunning.Operation;
import dev.darkroom.gateway.v1.GenerateImagesRequest;
import dev.darkroom.gateway.v1.StoredImage;
import io.grpc.StatusRuntimeException;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Real gateways that are really killed, and a client that keeps book. */
@Timeout(400) // a loaded machine takes a while to start a gateway
final class GatewayLossTest {
    private static final int IMAGE_BYTES = 200_000;
    private static final int KILLS = 3;
    private static final int JOBS_BETWEEN_KILLS = 12;
    private static final Map<String, String> PROPERTIES = Map.of("darkroom.gateway.jobs.concurrency", "2");

    /** Tests 1, 8 and 11 of the contract, with 3 kills and 36 jobs: what was acknowledged is there, once, with the bytes of an undisturbed run. */
    @Test
    void kill_gatewayInTheMiddleOfJobs_losesNothingAndMakesNothingTwice(@TempDir Path folder) throws Exception {
        Map<String, Long> ledger = new LinkedHashMap<>(); // name of each acknowledged operation, and its seed
        Random random = new Random(1);
        TestingTextToImageService service = new TestingTextToImageService();
        service.imageBytes = IMAGE_BYTES;
        try (TestingUpstream textToImage = new TestingUpstream(service);
                TestingUpstream safety = new TestingUpstream(new TestingSafetyService())) {
            long seed = 0;
            for (int kill = 0; kill < KILLS; kill++) {
                TestingGatewayProcess gateway = TestingGatewayProcess.start(textToImage, safety, folder, PROPERTIES);
                TestingJobs jobs = new TestingJobs(gateway.channel);
                int unacknowledged = JOBS_BETWEEN_KILLS - 1 - random.nextInt(3);
                for (int i = 0; i < JOBS_BETWEEN_KILLS; i++) {
                    long next = seed++;
                    if (i == unacknowledged) {
                        killDuringSubmission(gateway, jobs, next);
                        break;
                    }
                    ledger.put(jobs.submit(job(next)).getName(), next);
                }
                gateway.kill();
            }
            try (TestingGatewayProcess gateway = TestingGatewayProcess.start(textToImage, safety, folder, PROPERTIES)) {
                TestingJobs jobs = new TestingJobs(gateway.channel);
                for (long repeated = 0; repeated < seed; repeated++) {
                    Operation operation = jobs.submit(job(repeated)); // as a client does that got no answer
                    Long known = ledger.putIfAbsent(operation.getName(), repeated);
                    assertThat(known == null ? repeated : known).isEqualTo(repeated);
                }
                assertThat(ledger).hasSize((int) seed);
                ledger.forEach((name, made) -> verify(jobs, name, made));
                assertThat(jobs.operations()
                                .listOperations(ListOperationsRequest.newBuilder()
                                        .setPageSize(1_000)
                                        .build())
                                .getOperationsList())
                        .extracting(Operation::getName)
                        .containsExactlyInAnyOrderElementsOf(ledger.keySet());
            }
        }
    }

    /** The gateway dies while a submission is on its way: its answer may or may not come. */
    private static void killDuringSubmission(TestingGatewayProcess gateway, TestingJobs jobs, long seed)
            throws InterruptedException {
        Thread submission = Thread.ofVirtual().start(() -> {
            try {
                jobs.submit(job(seed));
            } catch (StatusRuntimeException lost) {
                assertThat(lost.getStatus().isOk()).isFalse();
            }
        });
        gateway.kill();
        submission.join();
    }

    private static void verify(TestingJobs jobs, String name, long seed) {
        StoredImage image = TestingJobs.images(jobs.end(name)).getImages(0);
        assertThat(image.getGenerated().getImage().getSha256())
                .isEqualTo(TestingTextToImageService.sha256(TestingTextToImageService.pixels(seed, IMAGE_BYTES)));
        assertThat(jobs.read(image.getArtifact())).isEqualTo(TestingTextToImageService.pixels(seed, IMAGE_BYTES));
    }

    private static GenerateImagesRequest.Builder job(long seed) {
        GenerateImagesRequest.Builder request = TestingJobs.picture(seed);
        request.getOptionsBuilder().setRequestId("job-" + seed);
        return request;
    }

    /** Leases: what a killed gateway ran, another one on the same PostgreSQL takes up, and no sooner than its heart has stopped. */
    @Test
    @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
    void kill_oneOfTwoGateways_theOtherTakesItsJobsUp(@TempDir Path folder) throws Exception {
        TestingTextToImageService service = new TestingTextToImageService();
        service.hanging = request -> request.getParameters().getSeed() == 7;
        try (EmbeddedPostgres postgres = EmbeddedPostgres.start();
                TestingUpstream textToImage = new TestingUpstream(service);
                TestingUpstream safety = new TestingUpstream(new TestingSafetyService())) {
            Map<String, String> shared = Map.of(
                    "darkroom.gateway.database.url", postgres.getJdbcUrl("postgres", "postgres"),
                    "darkroom.gateway.database.user", "postgres",
                    "darkroom.gateway.jobs.lease", "4s");
            TestingGatewayProcess killed =
                    TestingGatewayProcess.start(textToImage, safety, folder.resolve("killed"), shared);
            String name = new TestingJobs(killed.channel)
                    .submit(TestingJobs.picture(7))
                    .getName();
            service.calls.take();
            try (TestingGatewayProcess other =
                    TestingGatewayProcess.start(textToImage, safety, folder.resolve("other"), shared)) {
                TestingJobs jobs = new TestingJobs(other.channel);
                jobs.end(jobs.submit(TestingJobs.picture(8)).getName());
                assertThat(TestingJobs.metadata(jobs.get(name)).getAttempts()).isEqualTo(1);
                service.hanging = _ -> false;
                killed.kill();

                Operation ended = jobs.end(name);

                assertThat(TestingJobs.metadata(ended).getAttempts()).isEqualTo(2);
                assertThat(TestingJobs.metadata(ended).getFailures()).isZero();
                assertThat(jobs.read(TestingJobs.images(ended).getImages(0).getArtifact()))
                        .isEqualTo(TestingTextToImageService.pixels(7, service.imageBytes));
            }
        }
    }

    /** Test 9 of the contract. */
    @Test
    void start_secondGatewayOnTheSameFolder_isRefusedAndNamesTheFirst(@TempDir Path folder) throws Exception {
        try (TestingUpstream textToImage = new TestingUpstream(new TestingTextToImageService());
                TestingUpstream safety = new TestingUpstream(new TestingSafetyService());
                TestingGatewayProcess first = TestingGatewayProcess.start(textToImage, safety, folder, Map.of())) {
            Process second = TestingGatewayProcess.launch(textToImage, safety, folder, Map.of());

            String said = new String(second.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

            assertThat(second.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(second.exitValue()).isNotZero();
            assertThat(said).contains("in use by another gateway: process").doesNotContain("Exception");
            TestingJobs jobs = new TestingJobs(first.channel);
            assertThat(TestingJobs.images(
                                    jobs.end(jobs.submit(TestingJobs.picture(7)).getName()))
                            .getImagesCount())
                    .isEqualTo(1);
        }
    }
}
