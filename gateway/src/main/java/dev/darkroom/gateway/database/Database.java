// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.database;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.micronaut.context.exceptions.ConfigurationException;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.StatementExceptions;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The gateway's database: H2 in a file of the {@link DataDirectory}, or in memory where that one is temporary, or PostgreSQL. Its schema
 * is brought up to date by the migrations in {@code db/migration} when it is opened. Thread-safe.
 */
@Singleton
public final class Database implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Database.class);

    /**
     * WRITE_DELAY=0: a commit is on disk when it returns; as it comes, H2 would lose half a second of them with the process.
     * DB_CLOSE_ON_EXIT=FALSE: the gateway drains at a SIGTERM, and closes the database when it has.
     */
    private static final String H2_OPTIONS =
            ";MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE;DEFAULT_NULL_ORDERING=HIGH;WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE";

    private final HikariDataSource pool;
    private final Jdbi jdbi;
    private final boolean embedded;

    /** @throws ConfigurationException if it cannot be opened; never shows the password */
    public Database(DatabaseConfiguration configuration, DataDirectory directory) {
        embedded = configuration.isEmbedded();
        pool = open(configuration, directory);
        migrate(pool, embedded);
        jdbi = Jdbi.create(pool);
        // What is bound may be a prompt.
        jdbi.getConfig(StatementExceptions.class).setMessageRendering(StatementExceptions.MessageRendering.NONE);
        if (embedded && directory.isTemporary()) {
            LOG.info("event=database kind=memory durable=false");
        } else {
            LOG.info("event=database kind={} durable=true", embedded ? "h2" : "postgresql");
        }
    }

    /** For queries; each {@code inTransaction} is one, READ COMMITTED. */
    public Jdbi jdbi() {
        return jdbi;
    }

    /** The same database. */
    public DataSource dataSource() {
        return pool;
    }

    /** Whether this process is the only one that uses it. */
    public boolean isEmbedded() {
        return embedded;
    }

    private static HikariDataSource open(DatabaseConfiguration configuration, DataDirectory directory) {
        HikariConfig hikari = new HikariConfig();
        hikari.setPoolName("gateway");
        hikari.setMaximumPoolSize(configuration.maxConnections());
        hikari.setMinimumIdle(1);
        hikari.setConnectionTimeout(configuration.timeout().toMillis());
        hikari.setTransactionIsolation("TRANSACTION_READ_COMMITTED");
        if (configuration.isEmbedded()) {
            hikari.setJdbcUrl(h2(directory));
            hikari.setDriverClassName(
                    "org.h2.Driver"); // several services share one JVM, and the driver's own registration may come late
        } else {
            hikari.setJdbcUrl(configuration.url());
            hikari.setUsername(configuration.user());
            hikari.setPassword(password(configuration));
        }
        try {
            return new HikariDataSource(hikari);
        } catch (RuntimeException e) {
            throw new ConfigurationException("Cannot open the database of the gateway: " + e.getMessage(), e);
        }
    }

    private static String h2(DataDirectory directory) {
        return directory.isTemporary()
                ? "jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1" + H2_OPTIONS
                : "jdbc:h2:file:" + directory.path().resolve("gateway") + H2_OPTIONS;
    }

    private static @Nullable String password(DatabaseConfiguration configuration) {
        try {
            return configuration.passwordFile() == null
                    ? configuration.password()
                    : Files.readString(configuration.passwordFile()).strip();
        } catch (IOException e) {
            throw new ConfigurationException(
                    "Cannot read darkroom.gateway.database.password-file " + configuration.passwordFile(), e);
        }
    }

    /** The two databases differ in the name of long bytes, and in nothing else that is used here. */
    private static void migrate(DataSource pool, boolean embedded) {
        Flyway.configure(Database.class.getClassLoader())
                .dataSource(pool)
                .locations("classpath:db/migration")
                .placeholders(Map.of("bytes", embedded ? "binary large object" : "bytea"))
                .load()
                .migrate();
    }

    @Override
    @PreDestroy
    public void close() {
        pool.close();
    }
}
