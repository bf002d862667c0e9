// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.artifact;

import java.time.Instant;

/**
 * A file with a name.
 *
 * @param name {@code artifacts/} and an opaque id
 * @param tenant whose it is; nobody else hears of it
 * @param operation the operation that made it; empty for an upload
 * @param contentType MIME type
 * @param sizeBytes as announced while it is being uploaded
 * @param sha256 64 lower-case hexadecimal digits; as announced while it is being uploaded
 * @param complete whether all bytes are here
 * @param createTime when it was named
 * @param expireTime from then on it is not found
 */
public record Artifact(
        String name,
        String tenant,
        String operation,
        String contentType,
        long sizeBytes,
        String sha256,
        boolean complete,
        Instant createTime,
        Instant expireTime) {}
