// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.google.longrunning.CancelOperationRequest;
import com.google.longrunning.OperationsGrpc;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "cancel",
        description = "Stops a job within a step; one that has ended stays as it is.",
        mixinStandardHelpOptions = true)
final class JobsCancelCommand implements Callable<Integer> {

    @Parameters(paramLabel = "ID", description = "As 'darkroom jobs' lists it.")
    private String id = "";

    @Mixin
    private RunningGatewayOption gateway = new RunningGatewayOption();

    @Override
    public Integer call() {
        try (Gateway connected = gateway.connect()) {
            var _ = OperationsGrpc.newBlockingStub(connected.channel())
                    .cancelOperation(CancelOperationRequest.newBuilder()
                            .setName(JobLine.name(id))
                            .build());
            return 0;
        }
    }
}
