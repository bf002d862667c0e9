// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.artifact;

import com.google.protobuf.ByteString;

/**
 * Content, known by its digest.
 *
 * @param sha256 of all bytes, 64 lower-case hexadecimal digits
 * @param sizeBytes how many there are
 * @param blockDigests SHA-256 of each block of {@link BlobDigest#BLOCK_BYTES}, 32 bytes each, in order; the last block may be shorter, and empty
 *     content has none. They let a reader begin anywhere and still hold every byte against a digest.
 */
record Blob(String sha256, long sizeBytes, ByteString blockDigests) {}
