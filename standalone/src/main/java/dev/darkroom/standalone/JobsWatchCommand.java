// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.google.longrunning.Operation;
import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.WatchOperationRequest;
import dev.darkroom.gateway.v1.WatchOperationResponse;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Iterator;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "watch",
        description = "Follows a job to its end. Going away changes nothing for it.",
        mixinStandardHelpOptions = true)
final class JobsWatchCommand implements Callable<Integer> {
    private static final int MAX_RECONNECTS = 10;
    private static final long PAUSE_MILLIS = 1_000;

    @Parameters(paramLabel = "ID", description = "As 'darkroom jobs' lists it.")
    private String id = "";

    @Mixin
    private RunningGatewayOption gateway = new RunningGatewayOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    private final Progress progress = Progress.onTerminal(false);
    private long seen;

    @Override
    public Integer call() throws IOException, InterruptedException {
        try (Gateway connected = gateway.connect()) {
            Operation done = follow(connected.channel());
            PrintWriter out = spec.commandLine().getOut();
            out.println(JobLine.of(done));
            if (done.hasError()) {
                out.println(done.getError().getMessage());
            }
            out.flush();
            return done.hasError() ? Failures.FAILED : 0;
        } finally {
            progress.clear();
        }
    }

    /** Takes a broken stream up again after the last event that came. */
    private Operation follow(Channel channel) throws IOException, InterruptedException {
        for (int broken = 0; ; broken++) {
            try {
                return watch(channel);
            } catch (StatusRuntimeException e) {
                if (e.getStatus().getCode() != Status.Code.UNAVAILABLE || seen == 0 || broken == MAX_RECONNECTS) {
                    throw e;
                }
                Thread.sleep(PAUSE_MILLIS);
            }
        }
    }

    private Operation watch(Channel channel) throws IOException {
        Iterator<WatchOperationResponse> events = GenerationServiceGrpc.newBlockingStub(channel)
                .watchOperation(WatchOperationRequest.newBuilder()
                        .setName(JobLine.name(id))
                        .setAfterSequence(seen)
                        .build());
        while (events.hasNext()) {
            WatchOperationResponse event = events.next();
            seen = event.getSequence();
            if (event.hasDone()) {
                return event.getDone();
            }
            show(event);
        }
        throw new IOException("the gateway ended the stream before the job; watch it again");
    }

    private void show(WatchOperationResponse event) {
        switch (event.getEventCase()) {
            case STAGE_STARTED -> progress.stage(event.getStageStarted().getStage());
            case STEP_COMPLETED -> progress.step(event.getStepCompleted());
            case WARNING -> line("note: " + event.getWarning().getMessage());
            case ATTEMPT_ENDED ->
                line("attempt " + event.getAttemptEnded().getAttempt() + " ended: "
                        + event.getAttemptEnded().getStatus().getMessage());
            case ATTEMPT_STARTED, QUEUED, PREVIEW, IMAGE, DONE, EVENT_NOT_SET -> {}
        }
    }

    private void line(String text) {
        progress.clear();
        PrintWriter out = spec.commandLine().getOut();
        out.println(text);
        out.flush();
    }
}
