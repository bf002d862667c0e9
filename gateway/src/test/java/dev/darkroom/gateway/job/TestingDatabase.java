// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.database.DataDirectory;
import dev.darkroom.gateway.database.Database;
import dev.darkroom.gateway.database.DatabaseConfiguration;
import dev.darkroom.gateway.v1.JobKind;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** A database of its own, with the schema, and what is put into it. */
final class TestingDatabase implements AutoCloseable {
    final Database database;
    private final DataDirectory directory = new DataDirectory("");

    /** In memory. */
    TestingDatabase() {
        this(DatabaseConfiguration.embedded());
    }

    TestingDatabase(DatabaseConfiguration configuration) {
        database = new Database(configuration, directory);
    }

    void clear() {
        database.jdbi().useTransaction(transaction -> {
            for (String table : List.of("scheduled_tasks", "job_event", "job", "tenant", "job_timing")) {
                transaction.execute("delete from " + table);
            }
        });
    }

    /** A job of that tenant. */
    static NewJob job(String tenant, String requestId, int priority) {
        return new NewJob(
                tenant,
                JobKind.JOB_KIND_GENERATE_IMAGES,
                ByteString.copyFromUtf8("draw"),
                "0".repeat(64),
                requestId,
                List.of("strict"),
                priority,
                Map.of("run", "a_b", "x", "1"),
                Duration.ofHours(24),
                new Shape("images noise 64x64 x1", 20));
    }

    @Override
    public void close() {
        database.close();
        directory.close();
    }
}
