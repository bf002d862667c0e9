// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How the result of a command is told. */
final class ResultOptions {
    @Option(names = "--json", description = "Print one JSON object about the result.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "Print nothing but errors.")
    private boolean quiet;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command = CommandSpec.create();

    /** Returns the progress bar; one that shows nothing where standard output or the user wants none. */
    Progress progress() {
        return Progress.onTerminal(quiet || json);
    }

    void print(Report report) {
        PrintWriter out = command.commandLine().getOut();
        if (json) {
            out.println(report.json());
        } else if (!quiet) {
            out.print(report.text());
        }
        out.flush();
    }
}
