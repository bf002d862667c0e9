// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
/**
 * Files that go in and come out: opaque names in the database over content-hashed blobs on disk. A blob is written first and named second, so that
 * a name never leads to nothing; what no name leads to is swept.
 */
@NullMarked
package dev.darkroom.gateway.artifact;

import org.jspecify.annotations.NullMarked;
