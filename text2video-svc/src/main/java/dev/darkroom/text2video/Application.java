// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2video;

import dev.darkroom.rpc.ServiceApplication;

/** Starts the service by itself. */
public final class Application {
    private Application() {}

    static void main(String[] args) {
        ServiceApplication.main("text2video-svc", args);
    }
}
