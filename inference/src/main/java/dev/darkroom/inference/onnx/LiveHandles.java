// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import java.util.concurrent.atomic.AtomicInteger;

/** Counts the native objects that this library holds open in the JVM: sessions, options, tensors, results. */
public final class LiveHandles {
    private static final AtomicInteger OPEN = new AtomicInteger();

    private LiveHandles() {}

    /** Returns the count; it is the number of loaded sessions whenever no {@code run} or load is in progress. */
    public static int count() {
        return OPEN.get();
    }

    static void opened() {
        OPEN.incrementAndGet();
    }

    static void closed() {
        OPEN.decrementAndGet();
    }
}
