// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.google.longrunning.GetOperationRequest;
import com.google.longrunning.Operation;
import com.google.longrunning.OperationsGrpc;
import com.google.protobuf.Any;
import dev.darkroom.caption.v1.GeneratedCaption;
import dev.darkroom.gateway.v1.CaptionImagesResponse;
import dev.darkroom.gateway.v1.CaptionedImage;
import dev.darkroom.gateway.v1.GenerateImagesResponse;
import dev.darkroom.gateway.v1.StoredImage;
import dev.darkroom.gateway.v1.UpscaleImageResponse;
import io.grpc.Channel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "result",
        description = "Fetches what a job made: pictures into a folder, words onto the terminal.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class JobsResultCommand implements Callable<Integer> {

    @Parameters(paramLabel = "ID", description = "As 'darkroom jobs' lists it.")
    private String id = "";

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FOLDER",
            defaultValue = ".",
            description = "Where pictures go. Default: this folder.")
    private Path output = Path.of("");

    @Mixin
    private RunningGatewayOption gateway = new RunningGatewayOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws IOException {
        try (Gateway connected = gateway.connect()) {
            Operation operation = OperationsGrpc.newBlockingStub(connected.channel())
                    .getOperation(GetOperationRequest.newBuilder()
                            .setName(JobLine.name(id))
                            .build());
            return switch (operation.getResultCase()) {
                case RESPONSE -> deliver(operation.getResponse(), connected.channel());
                case ERROR -> say("no result: " + operation.getError().getMessage(), Failures.FAILED);
                case RESULT_NOT_SET ->
                    say("not done yet: " + JobLine.state(JobLine.metadata(operation)), Failures.FAILED);
            };
        }
    }

    private int deliver(Any response, Channel channel) throws IOException {
        if (response.is(CaptionImagesResponse.class)) {
            JobLine.unpack(response, CaptionImagesResponse.class)
                    .getImagesList()
                    .forEach(this::say);
            return 0;
        }
        List<StoredImage> images = response.is(UpscaleImageResponse.class)
                ? List.of(JobLine.unpack(response, UpscaleImageResponse.class).getImage())
                : JobLine.unpack(response, GenerateImagesResponse.class).getImagesList();
        Files.createDirectories(output);
        int exitCode = 0;
        for (StoredImage image : images) {
            exitCode = Math.max(exitCode, fetch(image, channel));
        }
        return exitCode;
    }

    private int fetch(StoredImage image, Channel channel) throws IOException {
        if (image.getArtifact().isEmpty()) {
            return say("held back: " + String.join(", ", image.getCategoriesList()), Failures.HELD_BACK);
        }
        int number = image.getGenerated().getImage().getIndex() + 1;
        String name = JobLine.id(JobLine.name(id)).replaceAll("[^A-Za-z0-9-]", "") + "-" + number + ".png";
        Path file = output.resolve(name);
        ArtifactFile.fetch(
                channel, image.getArtifact(), image.getGenerated().getImage().getSha256(), file);
        return say(file + "  seed " + image.getGenerated().getSeed(), 0);
    }

    private void say(CaptionedImage image) {
        if (image.hasError()) {
            say("refused: " + image.getError().getMessage(), 0);
        } else {
            image.getCaption().getCaption().getCaptionsList().stream()
                    .map(GeneratedCaption::getText)
                    .forEach(text -> say(text, 0));
        }
    }

    private int say(String line, int exitCode) {
        PrintWriter out = spec.commandLine().getOut();
        out.println(line);
        out.flush();
        return exitCode;
    }
}
