// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.inference.image.PngReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "inspect",
        description = "Shows the parameters that a picture carries: what to ask for to get it again.",
        mixinStandardHelpOptions = true)
final class InspectCommand implements Callable<Integer> {

    private static final long MAX_BYTES = 256L << 20;
    private static final long MAX_PIXELS = 64_000_000;

    @Parameters(paramLabel = "FILE", description = "A PNG that Darkroom made.")
    private Path file = Path.of("");

    @Option(names = "--json", description = "Print the parameters as JSON, as they stand in the file.")
    private boolean json;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        PngReader.Picture picture = PngReader.decode(read(), MAX_PIXELS);
        if (picture.parametersJson().isEmpty()) {
            throw new IllegalArgumentException(
                    file + " carries no parameters: it was not made by Darkroom, or they were removed");
        }
        if (json) {
            out.println(picture.parametersJson());
        } else {
            out.printf(
                    "%s  %dx%d%n",
                    file, picture.image().width(), picture.image().height());
            StoredParameters.print(picture.parametersJson(), out);
        }
        out.flush();
        return 0;
    }

    private byte[] read() throws IOException {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new IllegalArgumentException(file + " is larger than " + (MAX_BYTES >> 20) + " MiB");
            }
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException(file + " does not exist", e);
        }
    }
}
