// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which gateway a command talks to: a running one, or one of its own that lives as long as the command. */
final class GatewayOption {

    @Option(
            names = "--server",
            paramLabel = "HOST:PORT",
            description =
                    "Use a running gateway ('darkroom serve' prints its address), with the key in DARKROOM_API_KEY if it asks for one."
                            + " Default: start the services in this process.")
    private @Nullable String server;

    /** Connects; {@code own} says how to start services where none are running. */
    Gateway connect(ServeOptions own) {
        return server == null ? Gateway.ofItsOwn(own) : Gateway.at(server);
    }
}
