// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.longrunning.Operation;
import dev.darkroom.rpc.ErrorDetails;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A PostgreSQL that goes away and comes back. */
@Timeout(200)
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
final class DatabaseLossTest {
    private static final Duration BACK_TO_NORMAL = Duration.ofSeconds(10);

    /** Test 5 of the contract, with an outage of as long as a submission takes to fail. */
    @Test
    void stop_databaseUnderARunningJob_failsSubmissionsAndCommitsTheResultOnReturn(@TempDir Path folder)
            throws Exception {
        EmbeddedPostgres postgres = postgres(folder, 0);
        CountDownLatch half = new CountDownLatch(1);
        try (TestingGateway gateway = new TestingGateway(Map.of(
                "darkroom.gateway.database.url",
                postgres.getJdbcUrl("postgres", "postgres"),
                "darkroom.gateway.database.user",
                "postgres"))) {
            gateway.textToImage.altered = events -> events.peek(event -> waitAtStep(event.hasStepCompleted(), half));
            TestingJobs jobs = new TestingJobs(gateway.channel);
            String name = jobs.submit(TestingJobs.picture(7)).getName();
            gateway.textToImage.calls.take();
            postgres.close();

            ErrorDetails away = TestingJobs.failure(() -> jobs.submit(TestingJobs.picture(8)));
            half.countDown();
            EmbeddedPostgres again = postgres(folder, postgres.getPort());
            Operation ended = endOnceItIsBack(jobs, name);

            assertThat(away.code()).isEqualTo(Status.Code.UNAVAILABLE);
            assertThat(away.reason()).isEqualTo("DATABASE_UNAVAILABLE");
            assertThat(TestingJobs.metadata(ended).getAttempts()).isEqualTo(1);
            assertThat(jobs.read(TestingJobs.images(ended).getImages(0).getArtifact()))
                    .isEqualTo(TestingTextToImageService.pixels(7, gateway.textToImage.imageBytes));
            assertThat(gateway.textToImage.calls).isEmpty();
            again.close();
        }
    }

    /** A connection of before may be the first to be tried: questions go on failing as submissions did, for as long as callers were told to expect. */
    private static Operation endOnceItIsBack(TestingJobs jobs, String name) {
        Instant normal = Instant.now().plus(BACK_TO_NORMAL);
        while (true) {
            try {
                return jobs.end(name);
            } catch (StatusRuntimeException e) {
                assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
                assertThat(Instant.now()).isBefore(normal);
            }
        }
    }

    private static void waitAtStep(boolean atStep, CountDownLatch latch) {
        try {
            if (atStep) {
                latch.await();
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** @param port 0: any free one */
    private static EmbeddedPostgres postgres(Path folder, int port) throws IOException {
        return EmbeddedPostgres.builder()
                .setDataDirectory(folder.resolve("postgres"))
                .setCleanDataDirectory(false)
                .setPort(port)
                .start();
    }
}
