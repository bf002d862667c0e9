// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

import io.grpc.Context;
import java.util.concurrent.CancellationException;

/**
 * Whether the request that this thread works for is still wanted: false once the caller went away or the deadline
 * passed.
 */
public final class Cancellation {

    private Cancellation() {}

    /** True as soon as nobody waits for the answer. Cheap: call it every step. */
    public static boolean isCancelled() {
        return Context.current().isCancelled();
    }

    /** Throws {@link CancellationException}, which ends the call as CANCELLED or DEADLINE_EXCEEDED. */
    public static void throwIfCancelled() {
        throwIfCancelled(Context.current());
    }

    static void throwIfCancelled(Context context) {
        if (context.isCancelled()) {
            throw new CancellationException("The call has ended");
        }
    }
}
