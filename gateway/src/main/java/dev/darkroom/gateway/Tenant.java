// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

/** Whose files and jobs a caller sees: those of the name of its API key, or, where the gateway has no keys, everybody's. */
public final class Tenant {
    /** Of everybody who calls a gateway without keys. */
    public static final String ONLY = "default";

    private Tenant() {}

    /** The tenant of the call that this thread works for; to be asked before the work moves to another thread without the call's context. */
    public static String ofCaller() {
        return ApiKeyInterceptor.nameOfCaller().orElse(ONLY);
    }
}
