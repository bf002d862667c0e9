// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micronaut.context.exceptions.ConfigurationException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DatabaseTest {
    @Test
    void open_folderWithDatabase_findsWhatWasCommitted(@TempDir Path folder) {
        try (DataDirectory directory = new DataDirectory(folder.toString());
                Database database = open(directory)) {
            database.jdbi().useHandle(handle -> handle.execute("insert into tenant (name) values ('alice')"));
        }
        try (DataDirectory directory = new DataDirectory(folder.toString());
                Database database = open(directory)) {
            assertThat(tenants(database)).isEqualTo(1);
        }
    }

    @Test
    void open_noFolder_keepsNothing() {
        Path path;
        try (DataDirectory directory = new DataDirectory("");
                Database database = open(directory)) {
            path = directory.path();
            assertThat(tenants(database)).isZero();
            assertThat(path).isDirectory();
        }
        assertThat(path).doesNotExist();
    }

    @Test
    void lock_folderInUse_namesTheHolder(@TempDir Path folder) {
        try (DataDirectory _ = new DataDirectory(folder.toString())) {
            assertThatThrownBy(() -> new DataDirectory(folder.toString()))
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("in use by another gateway: process "
                            + ProcessHandle.current().pid());
        }
    }

    @Test
    void create_newFolder_isForItsOwnerOnly(@TempDir Path parent) throws Exception {
        Path folder = parent.resolve("data");

        try (DataDirectory _ = new DataDirectory(folder.toString())) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
                    .isEqualTo("rwx------");
        }
    }

    private static Database open(DataDirectory directory) {
        return new Database(DatabaseConfiguration.embedded(), directory);
    }

    private static int tenants(Database database) {
        return database.jdbi()
                .withHandle(handle -> handle.createQuery("select count(*) from tenant")
                        .mapTo(Integer.class)
                        .one());
    }
}
