// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

/** What the one log line of the request says beside method, code, latency and trace id. */
public final class RequestLog {

    private RequestLog() {}

    /**
     * Adds {@code key=value} to the line of the request that this thread works for; without one, nothing. Values are
     * escaped and cut. Never hand in a prompt or anything made from one.
     *
     * @param key lower snake case, the proto's name where there is one
     */
    public static void put(String key, Object value) {
        CallScope scope = CallScope.KEY.get();
        if (scope != null) {
            scope.put(key, Echo.of(value));
        }
    }
}
