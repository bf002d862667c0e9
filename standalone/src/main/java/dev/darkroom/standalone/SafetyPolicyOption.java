// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import picocli.CommandLine.Option;

/** What a command's words and pictures are checked under. */
final class SafetyPolicyOption {
    @Option(
            names = "--safety-policy",
            defaultValue = "",
            description = "Safety policy to check under beside the server's own.")
    private String name = "";

    /** The policy's name; empty for none. */
    String name() {
        return name;
    }
}
