// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/**
 * The {@code darkroom} command. Exit codes: 0 done, 1 failed, 2 refused for what was asked, 3 done but pictures were held back for what they
 * show, 130 interrupted.
 */
@Command(
        name = "darkroom",
        versionProvider = Darkroom.Version.class,
        description = "Pictures and clips from words, and words from pictures, on your own machine.",
        mixinStandardHelpOptions = true,
        subcommands = {
            ImageCommand.class,
            VideoCommand.class,
            UpscaleCommand.class,
            CaptionCommand.class,
            ScoreCommand.class,
            CompareCommand.class,
            ModelsCommand.class,
            InspectCommand.class,
            SheetCommand.class,
            EvaluateCommand.class,
            BatchCommand.class,
            SubmitCommand.class,
            JobsCommand.class,
            ServeCommand.class
        })
public final class Darkroom {

    private Darkroom() {}

    /** Runs one command and ends the JVM with its exit code. */
    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Darkroom())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler(new Failures());
    }

    /** What the build wrote into the jar. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Darkroom.class.getPackage().getImplementationVersion();
            return new String[] {"darkroom " + Objects.requireNonNullElse(version, "(not from a jar)")};
        }
    }
}
