// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.rpc.ServiceApplication;

/** Runs the gateway. */
final class Application {
    private Application() {}

    public static void main(String[] arguments) {
        ServiceApplication.main("gateway", arguments);
    }
}
