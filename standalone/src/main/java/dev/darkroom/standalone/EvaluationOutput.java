// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How a measurement is told. */
final class EvaluationOutput {
    @Option(names = "--json", description = "Print one JSON object, which --compare takes.")
    private boolean json;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command = CommandSpec.create();

    Progress progress() {
        return Progress.onTerminal(json);
    }

    void print(EvaluationReport report) {
        PrintWriter out = command.commandLine().getOut();
        out.print(json ? report.json() + "\n" : report.text());
        out.flush();
    }
}
