// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.database;

import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.core.bind.annotation.Bindable;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Where the gateway keeps jobs: {@code darkroom.gateway.database}.
 *
 * @param url {@code jdbc:postgresql://host:port/database}, which any number of gateways may share; empty for an H2 database in the data
 *     folder, which only one has
 * @param user of PostgreSQL
 * @param password of that user; or null
 * @param passwordFile that holds the password and nothing else; or null
 * @param maxConnections that are open at a time
 * @param timeout until a call that needs the database fails as UNAVAILABLE while it is away
 */
@ConfigurationProperties("darkroom.gateway.database")
public record DatabaseConfiguration(
        @Bindable(defaultValue = "") String url,
        @Bindable(defaultValue = "") String user,
        @Nullable String password,
        @Nullable Path passwordFile,
        @Bindable(defaultValue = "16") int maxConnections,
        @Bindable(defaultValue = "2s") Duration timeout) {

    /** For an H2 database in the data folder. */
    public static DatabaseConfiguration embedded() {
        return new DatabaseConfiguration("", "", null, null, 16, Duration.ofSeconds(2));
    }

    boolean isEmbedded() {
        return url.isBlank();
    }

    /** Never the password. */
    @Override
    public String toString() {
        return "DatabaseConfiguration[" + (isEmbedded() ? "embedded" : url) + "]";
    }
}
