// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import java.nio.file.Path;

/**
 * How the services of one JVM run.
 *
 * @param gatewayPort loopback port of the gateway; 0 takes a free one
 * @param models folder whose folders are the models
 * @param probe whether to time the models first, which pays for those who stay
 */
public record ServeOptions(int gatewayPort, Path models, boolean probe) {

    /** For services that stay. */
    public ServeOptions(int gatewayPort, Path models) {
        this(gatewayPort, models, true);
    }

    /** For a command that needs the services only while it runs. */
    public static ServeOptions onFreePorts() {
        return new ServeOptions(0, shippedModels(), false);
    }

    /** The models beside the launcher, which names its folder. */
    static Path shippedModels() {
        return Path.of(System.getProperty("darkroom.home", ""), "models");
    }
}
