// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import picocli.CommandLine.Option;

/** Which running gateway a command talks to: jobs outlive commands, so none is started for them. */
final class RunningGatewayOption {

    @Option(
            names = "--server",
            paramLabel = "HOST:PORT",
            defaultValue = "127.0.0.1:8470",
            description =
                    "The gateway, with the key in DARKROOM_API_KEY if it asks for one. Default: 127.0.0.1:8470, where 'darkroom serve' is.")
    private String server = "";

    Gateway connect() {
        return Gateway.at(server);
    }
}
