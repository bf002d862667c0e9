// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import dev.darkroom.gateway.database.DatabaseConfiguration;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** On a real PostgreSQL, whose executables come with the test; those for Linux on x86-64. */
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class PostgresJobStoreTest extends JobStoreContract {
    private final EmbeddedPostgres postgres = start();
    private final TestingDatabase database = new TestingDatabase(new DatabaseConfiguration(
            postgres.getJdbcUrl("postgres", "postgres"), "postgres", "", null, 16, Duration.ofSeconds(10)));

    private static EmbeddedPostgres start() {
        try {
            return EmbeddedPostgres.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    TestingDatabase database() {
        return database;
    }

    @AfterAll
    void close() throws IOException {
        database.close();
        postgres.close();
    }
}
