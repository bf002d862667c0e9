// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.rpc;

/**
 * Work that must be done before the service serves: loading a model, warming it. A service declares any number of such
 * beans; they run one after the other on their own thread once the
 * port is open, and when all have returned health turns SERVING. Until then every call is answered with UNAVAILABLE,
 * so an endpoint never meets an unprepared service.
 */
@FunctionalInterface
public interface Preparation {

    /** Prepares; what it throws is logged and stops the service. */
    void prepare() throws Exception;
}
