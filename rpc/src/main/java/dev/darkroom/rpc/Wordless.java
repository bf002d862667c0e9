// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import org.jspecify.annotations.Nullable;

/** What remains of an exception when its message is taken away: types, as messages, and stack frames. */
final class Wordless extends Exception {

    Wordless(Throwable thrown) {
        super(thrown.getClass().getName(), of(thrown.getCause()), false, true);
        setStackTrace(thrown.getStackTrace());
    }

    private static @Nullable Wordless of(@Nullable Throwable cause) {
        return cause == null ? null : new Wordless(cause);
    }
}
