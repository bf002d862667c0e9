// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.google.longrunning.DeleteOperationRequest;
import com.google.longrunning.OperationsGrpc;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "delete",
        description = "Forgets a job and its pictures; does not stop one that runs.",
        mixinStandardHelpOptions = true)
final class JobsDeleteCommand implements Callable<Integer> {

    @Parameters(paramLabel = "ID", description = "As 'darkroom jobs' lists it.")
    private String id = "";

    @Mixin
    private RunningGatewayOption gateway = new RunningGatewayOption();

    @Override
    public Integer call() {
        try (Gateway connected = gateway.connect()) {
            var _ = OperationsGrpc.newBlockingStub(connected.channel())
                    .deleteOperation(DeleteOperationRequest.newBuilder()
                            .setName(JobLine.name(id))
                            .build());
            return 0;
        }
    }
}
