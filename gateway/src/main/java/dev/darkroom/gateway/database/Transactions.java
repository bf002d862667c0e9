// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.database;

import dev.darkroom.rpc.Fault;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;

/**
 * Transactions of a database that may go away for a while, which callers are told as {@link Fault.Unavailable} DATABASE_UNAVAILABLE. Each is
 * READ COMMITTED, and whether one was committed whose commit was cut off, nobody knows. Thread-safe.
 */
public final class Transactions {
    private static final String REASON = "DATABASE_UNAVAILABLE";
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    private final Jdbi database;

    public Transactions(Jdbi database) {
        this.database = database;
    }

    public <R> R call(Function<Handle, R> work) {
        try {
            return database.inTransaction(work::apply);
        } catch (JdbiException failure) {
            throw fault(failure);
        }
    }

    public void run(Consumer<Handle> work) {
        call(transaction -> {
            work.accept(transaction);
            return true;
        });
    }

    /** Repeats work, once a second, while the database is away. Ends with the thread's interruption, or when {@code wanted} says so. */
    public static <R> R patiently(Supplier<Boolean> wanted, Supplier<R> work) {
        while (true) {
            try {
                return work.get();
            } catch (Fault.Unavailable away) {
                if (!away.reason().equals(REASON) || !wanted.get()) {
                    throw away;
                }
                pause(away);
            }
        }
    }

    private static void pause(Fault.Unavailable away) {
        try {
            Thread.sleep(RETRY_AFTER);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw away;
        }
    }

    private static RuntimeException fault(JdbiException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql && isConnection(sql)) {
                return new Fault.Unavailable(REASON, "The database of the gateway cannot be reached", RETRY_AFTER);
            }
        }
        return failure;
    }

    /** SQLSTATE 08 is the connection, 57P0x an administrator who shuts PostgreSQL down, and the pool says it by its class. */
    private static boolean isConnection(SQLException failure) {
        String state = failure.getSQLState();
        return failure instanceof SQLTransientConnectionException
                || (state != null && (state.startsWith("08") || state.startsWith("57P0")));
    }
}
