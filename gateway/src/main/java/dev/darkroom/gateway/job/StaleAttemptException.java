// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.job;

import java.util.concurrent.CancellationException;

/** A write of an attempt that may not write any more: a later one has begun, or the job was asked to stop, or has ended. */
final class StaleAttemptException extends CancellationException {
    private static final long serialVersionUID = 1;

    StaleAttemptException(String id, int attempt) {
        super("attempt " + attempt + " of operation " + id + " may not write any more");
    }
}
