// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class H2JobStoreTest extends JobStoreContract {
    private final TestingDatabase database = new TestingDatabase();

    @Override
    TestingDatabase database() {
        return database;
    }

    @AfterAll
    void close() {
        database.close();
    }
}
