// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.google.longrunning.ListOperationsRequest;
import com.google.longrunning.ListOperationsResponse;
import com.google.longrunning.Operation;
import com.google.longrunning.OperationsGrpc;
import com.google.longrunning.OperationsGrpc.OperationsBlockingStub;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "jobs",
        description = "Lists the jobs of a running gateway, the newest first.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        subcommands = {JobsWatchCommand.class, JobsCancelCommand.class, JobsDeleteCommand.class, JobsResultCommand.class
        },
        footer = {"", "Example: darkroom jobs --filter 'state = RUNNING' --live"})
final class JobsCommand implements Callable<Integer> {
    private static final long REFRESH_MILLIS = 1_000;
    private static final String CLEAR = "\u001b[H\u001b[2J";

    @Option(
            names = "--filter",
            defaultValue = "",
            description =
                    "Such as 'state = RUNNING AND labels.campaign = \"x\"', of state, done, kind, create_time and labels. Default: all.")
    private String filter = "";

    @Option(names = "--limit", defaultValue = "20", description = "Jobs to show, 1 to 1,000. Default: 20.")
    private int limit;

    @Option(names = "--live", description = "Show them anew every second, until Ctrl-C.")
    private boolean live;

    @Mixin
    private RunningGatewayOption gateway = new RunningGatewayOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        try (Gateway connected = gateway.connect()) {
            OperationsBlockingStub operations = OperationsGrpc.newBlockingStub(connected.channel());
            print(list(operations), out);
            while (live) {
                Thread.sleep(REFRESH_MILLIS);
                List<Operation> now = list(operations);
                out.print(CLEAR);
                print(now, out);
            }
        }
        return 0;
    }

    private List<Operation> list(OperationsBlockingStub operations) {
        ListOperationsResponse page = operations.listOperations(ListOperationsRequest.newBuilder()
                .setFilter(filter)
                .setPageSize(limit)
                .build());
        return page.getOperationsList();
    }

    private static void print(List<Operation> operations, PrintWriter out) {
        out.println(operations.isEmpty() ? "No jobs." : JobLine.HEADER);
        operations.stream().map(JobLine::of).forEach(out::println);
        out.flush();
    }
}
