// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import dev.darkroom.rpc.ServiceApplication;

/** Starts the service. */
final class Application {

    static final String NAME = "safety-svc";

    private Application() {}

    static void main(String[] args) {
        ServiceApplication.main(NAME, args);
    }
}
