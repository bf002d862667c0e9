// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.google.protobuf.ByteString;
import dev.darkroom.caption.v1.CaptionParameters;
import dev.darkroom.gateway.v1.CaptionImageRequest;
import dev.darkroom.gateway.v1.CaptionImageResponse;
import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "caption",
        description = "Says what pictures show.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {"", "Example: darkroom caption --style alt-text 'pictures/*.png'"})
final class CaptionCommand implements Callable<Integer> {

    @Parameters(
            arity = "1..*",
            paramLabel = "FILE",
            description = "Pictures of at most 16 MiB; globs such as '*.png' too.")
    private List<String> files = List.of();

    @Option(
            names = "--style",
            description =
                    "Form of words: short (2 to 5 words), detailed, or alt-text (for a web page). Default: the model's own.")
    private @Nullable Style style;

    @Option(
            names = {"-n", "--captions"},
            description = "Captions of each picture, best first, at most as many as beams. Default: 1.")
    private @Nullable Integer captions;

    @Option(names = "--num-beams", description = "Beams of the search; 1 is greedy. Default: the model's.")
    private @Nullable Integer numBeams;

    @Option(
            names = "--prefix",
            defaultValue = "",
            description = "Words that each caption begins with, such as \"a photo of\". Default: none.")
    private String prefix = "";

    @Option(
            names = "--low-confidence",
            description = "Show captions too that the model is not sure of. Default: only say that it is not.")
    private boolean lowConfidence;

    @Option(
            names = "--model",
            defaultValue = "",
            description = "A captioner that 'darkroom models' lists. Default: the first.")
    private String model = "";

    @Mixin
    private SafetyPolicyOption safetyPolicy = new SafetyPolicyOption();

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
            PictureAnswers<CaptionImageResponse> answers =
                    PictureAnswers.of(pictures, result.progress(), picture -> service.captionImage(request(picture)));
            CaptionReport report = new CaptionReport(answers, (System.nanoTime() - start) / 1_000_000);
            result.print(report);
            return report.anyHeldBack() ? Failures.HELD_BACK : answers.exitCode();
        }
    }

    private CaptionImageRequest request(ByteString picture) {
        var parameters = CaptionParameters.newBuilder().setModel(model).setPrefix(prefix);
        Given.use(style, it -> parameters.setStyle(it.value()));
        Given.use(captions, parameters::setNumReturnSequences);
        Given.use(numBeams, parameters::setNumBeams);
        return CaptionImageRequest.newBuilder()
                .setParameters(parameters)
                .setImage(picture)
                .setIncludeLowConfidence(lowConfidence)
                .setSafetyPolicy(safetyPolicy.name())
                .build();
    }
}
