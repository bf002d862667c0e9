// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.artifact;

import com.google.protobuf.ByteString;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.mapper.RowMapper;

/** The tables {@code artifact} and {@code blob}; each method within the caller's transaction. */
final class ArtifactRows {
    private static final RowMapper<Artifact> ARTIFACT = (row, _) -> artifact(row);
    private static final RowMapper<Stored> STORED = (row, _) -> new Stored(
            artifact(row),
            new Blob(
                    row.getString("sha256"),
                    row.getLong("size_bytes"),
                    ByteString.copyFrom(row.getBytes("block_digests"))));

    private ArtifactRows() {}

    /** A complete artifact and its content. */
    record Stored(Artifact artifact, Blob blob) {}

    static void insert(Handle transaction, Artifact artifact) {
        transaction
                .createUpdate("""
                        INSERT INTO artifact (name, tenant, operation, content_type, size_bytes, sha256, complete, created_at, expires_at)
                        VALUES (:name, :tenant, :operation, :contentType, :sizeBytes, :sha256, :complete, :createdAt, :expiresAt)""")
                .bind("name", artifact.name())
                .bind("tenant", artifact.tenant())
                .bind("operation", artifact.operation())
                .bind("contentType", artifact.contentType())
                .bind("sizeBytes", artifact.sizeBytes())
                .bind("sha256", artifact.sha256())
                .bind("complete", artifact.complete())
                .bind("createdAt", artifact.createTime().toEpochMilli())
                .bind("expiresAt", artifact.expireTime().toEpochMilli())
                .execute();
    }

    /** Knows a blob from now on, if it did not yet. */
    static void insertIfAbsent(Handle transaction, Blob blob) {
        transaction
                .createUpdate("""
                        INSERT INTO blob (sha256, size_bytes, block_digests) VALUES (:sha256, :sizeBytes, :blockDigests)
                        ON CONFLICT DO NOTHING""")
                .bind("sha256", blob.sha256())
                .bind("sizeBytes", blob.sizeBytes())
                .bind("blockDigests", blob.blockDigests().toByteArray())
                .execute();
    }

    /** What a name of a tenant leads to at that time. */
    static Optional<Artifact> find(Handle transaction, String tenant, String name, Instant now) {
        return transaction
                .createQuery("SELECT * FROM artifact WHERE name = :name AND tenant = :tenant AND expires_at > :now")
                .bind("name", name)
                .bind("tenant", tenant)
                .bind("now", now.toEpochMilli())
                .map(ARTIFACT)
                .findOne();
    }

    /** As {@link #find}, where all bytes are here. */
    static Optional<Stored> findStored(Handle transaction, String tenant, String name, Instant now) {
        return transaction
                .createQuery("""
                        SELECT artifact.*, blob.block_digests FROM artifact JOIN blob ON blob.sha256 = artifact.sha256
                        WHERE name = :name AND tenant = :tenant AND expires_at > :now AND complete""")
                .bind("name", name)
                .bind("tenant", tenant)
                .bind("now", now.toEpochMilli())
                .map(STORED)
                .findOne();
    }

    static List<Artifact> ofOperation(Handle transaction, String tenant, String operation) {
        return transaction
                .createQuery(
                        "SELECT * FROM artifact WHERE tenant = :tenant AND operation = :operation ORDER BY created_at, name")
                .bind("tenant", tenant)
                .bind("operation", operation)
                .map(ARTIFACT)
                .list();
    }

    static List<Artifact> expired(Handle transaction, Instant now, int atMost) {
        return transaction
                .createQuery("SELECT * FROM artifact WHERE expires_at <= :now ORDER BY expires_at LIMIT :atMost")
                .bind("now", now.toEpochMilli())
                .bind("atMost", atMost)
                .map(ARTIFACT)
                .list();
    }

    /** Marks an upload as whole; false where it is gone or was marked before. */
    static boolean complete(Handle transaction, String name) {
        return transaction
                        .createUpdate("UPDATE artifact SET complete = TRUE WHERE name = :name AND NOT complete")
                        .bind("name", name)
                        .execute()
                == 1;
    }

    static void delete(Handle transaction, String name) {
        transaction
                .createUpdate("DELETE FROM artifact WHERE name = :name")
                .bind("name", name)
                .execute();
    }

    /** Forgets a blob that no complete artifact has; false where one has it. */
    static boolean forgetIfUnused(Handle transaction, String sha256) {
        int uses = transaction
                .createQuery("SELECT COUNT(*) FROM artifact WHERE sha256 = :sha256 AND complete")
                .bind("sha256", sha256)
                .mapTo(Integer.class)
                .one();
        if (uses == 0) {
            transaction
                    .createUpdate("DELETE FROM blob WHERE sha256 = :sha256")
                    .bind("sha256", sha256)
                    .execute();
        }
        return uses == 0;
    }

    private static Artifact artifact(ResultSet row) throws SQLException {
        return new Artifact(
                row.getString("name"),
                row.getString("tenant"),
                row.getString("operation"),
                row.getString("content_type"),
                row.getLong("size_bytes"),
                row.getString("sha256"),
                row.getBoolean("complete"),
                Instant.ofEpochMilli(row.getLong("created_at")),
                Instant.ofEpochMilli(row.getLong("expires_at")));
    }
}
