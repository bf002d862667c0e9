// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "serve",
        description = "Runs all services on loopback until Ctrl-C, which lets work under way finish.",
        mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {

    @Option(
            names = "--port",
            defaultValue = "8470",
            description = "Port of the gateway; 0 takes a free one. Default: 8470.")
    private int port;

    @Option(names = "--models", description = "Folder whose folders are the models. Default: the shipped ones.")
    private Path models = ServeOptions.shippedModels();

    @Option(
            names = "--data",
            description =
                    "Folder that keeps jobs and their results when the services stop; one gateway at a time has it."
                            + " Default: $DARKROOM_GATEWAY_DATA, or darkroom in $XDG_DATA_HOME or ~/.local/share.")
    private Path data = usualData();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        Services services = Services.start(new ServeOptions(port, models), data.toString());
        CountDownLatch closed = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> drain(services, out, closed)));
        services.addresses().forEach((name, address) -> out.printf("%-15s %s%n", name, address));
        out.println("Ready. Ctrl-C stops.");
        out.flush();
        closed.await();
        return 0;
    }

    private static void drain(Services services, PrintWriter out, CountDownLatch closed) {
        out.println("Draining: work under way finishes, nothing new is taken.");
        out.flush();
        services.close();
        closed.countDown();
    }

    private static Path usualData() {
        String given = System.getenv("DARKROOM_GATEWAY_DATA");
        String shared = System.getenv("XDG_DATA_HOME");
        if (given != null && !given.isBlank()) {
            return Path.of(given);
        }
        return shared != null && !shared.isBlank()
                ? Path.of(shared, "darkroom")
                : Path.of(System.getProperty("user.home"), ".local", "share", "darkroom");
    }
}
