// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.bench;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code bench/run} command. */
@Command(
        name = "bench/run",
        description = "Measures Darkroom.",
        mixinStandardHelpOptions = true,
        subcommands = {
            Cancel.class,
            Clips.class,
            Concurrency.class,
            Mix.class,
            Overhead.class,
            Rows.class,
            Soak.class,
            Stages.class,
            Turns.class,
            UpscaleTurns.class
        })
public final class Bench {

    private Bench() {}

    /** Runs one measurement and ends the JVM with its exit code. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new Bench()).execute(args));
    }
}
