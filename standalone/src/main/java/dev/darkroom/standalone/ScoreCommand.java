// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.google.protobuf.ByteString;
import dev.darkroom.caption.v1.ScoreAlignmentResponse;
import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.ScoreImagesRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "score",
        description = "Ranks pictures by how well they agree with a text (CLIPScore).",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {"", "Example: darkroom score \"a fox in the snow\" 'pictures/*.png'"})
final class ScoreCommand implements Callable<Integer> {

    @Parameters(index = "0", paramLabel = "TEXT", description = "What the pictures should show.")
    private String text = "";

    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "FILE",
            description = "Pictures of at most 16 MiB; globs such as '*.png' too.")
    private List<String> files = List.of();

    @Option(
            names = "--model",
            defaultValue = "",
            description = "An alignment model that 'darkroom models' lists. Default: the first.")
    private String model = "";

    @Mixin
    private ResultOptions result = new ResultOptions();

    @Mixin
    private GatewayOption gateway = new GatewayOption();

    @Override
    public Integer call() throws IOException {
        long start = System.nanoTime();
        List<Path> pictures = FileArguments.expand(files);
        try (Gateway connected = gateway.connect(ServeOptions.with(ServeOptions.CAPTION))) {
            var service = GenerationServiceGrpc.newBlockingStub(connected.channel());
            PictureAnswers<ScoreAlignmentResponse> answers = PictureAnswers.of(
                    pictures,
                    result.progress(),
                    picture -> service.scoreImages(request(picture)).getAlignment());
            result.print(new ScoreReport(text, answers, (System.nanoTime() - start) / 1_000_000));
            return answers.exitCode();
        }
    }

    private ScoreImagesRequest request(ByteString picture) {
        return ScoreImagesRequest.newBuilder()
                .setModel(model)
                .addImages(picture)
                .addTexts(text)
                .build();
    }
}
