// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.ListModelsRequest;
import dev.darkroom.gateway.v1.ListModelsResponse;
import dev.darkroom.gateway.v1.ModelServiceGrpc;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.rpc.ErrorDetails;
import dev.darkroom.rpc.Violation;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;
import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "compare",
        description =
                "Draws one prompt with several models, samplers and guidance scales, from the same noise, and shows them side by side.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {
            "",
            "Example: darkroom compare \"a fox in the snow\" --schedulers ddim,euler --guidance 1,4,7.5 -o fox.html"
        })
final class CompareCommand implements Callable<Integer> {

    @Parameters(paramLabel = "PROMPT", description = "What to draw.")
    private String prompt = "";

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "Where the page goes, with its pictures inside. Default: named after the prompt.")
    private @Nullable Path output;

    @Option(names = "--models", split = ",", description = "Models, separated by commas. Default: all.")
    private List<String> models = List.of();

    @Option(
            names = "--schedulers",
            split = ",",
            defaultValue = "ddim,euler,euler_a,dpmpp_2m,unipc",
            description = "Samplers, separated by commas. Default: ${DEFAULT-VALUE}, as far as there are any.")
    private List<String> schedulers = List.of();

    @Option(
            names = "--guidance",
            split = ",",
            defaultValue = "1,4,7.5",
            description = "Guidance scales, separated by commas. Default: ${DEFAULT-VALUE}.")
    private List<Float> guidance = List.of();

    @Option(names = "--steps", description = "Denoising steps. Default: each model's.")
    private @Nullable Integer steps;

    @Option(names = "--seed", defaultValue = "0", description = "Seed of every picture. Default: 0.")
    private long seed;

    @Mixin
    private GatewayOption gateway = new GatewayOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        Progress progress = Progress.onTerminal(false);
        try (Gateway connected = gateway.connect(ServeOptions.with(ServeOptions.TEXT2IMAGE))) {
            List<ComparisonPage.Row> rows = new ArrayList<>();
            for (ImageParameters asked : asked(models(connected.channel()))) {
                rows.add(row(asked, connected.channel(), progress));
            }
            Path file = output == null ? Path.of(PictureFiles.slug(prompt) + "-compared.html") : output;
            Files.writeString(file, new ComparisonPage(prompt, seed, guidance, rows).html());
            rows.forEach(row -> out.println(row.line()));
            out.println(file);
        }
        out.flush();
        return 0;
    }

    private static ListModelsResponse models(Channel channel) {
        return ModelServiceGrpc.newBlockingStub(channel).listModels(ListModelsRequest.getDefaultInstance());
    }

    /** Returns what each row asks for: every model under every sampler that it has. */
    private List<ImageParameters> asked(ListModelsResponse loaded) {
        List<String> names =
                loaded.getImageModelsList().stream().map(ImageModel::getName).toList();
        List<String> unknown =
                models.stream().filter(name -> !names.contains(name)).toList();
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(
                    "--models: there is no " + String.join(", ", unknown) + ", known are " + String.join(", ", names));
        }
        List<ImageParameters> asked = loaded.getImageModelsList().stream()
                .filter(model -> models.isEmpty() || models.contains(model.getName()))
                .flatMap(model -> schedulers.stream()
                        .filter(model.getSchedulersList()::contains)
                        .map(scheduler -> parameters(model.getName(), scheduler)))
                .toList();
        if (asked.isEmpty()) {
            throw new IllegalArgumentException(
                    "--schedulers: no model has any of these; 'darkroom models' lists what there is");
        }
        return asked;
    }

    private ImageParameters parameters(String model, String scheduler) {
        var parameters = ImageParameters.newBuilder()
                .setModel(model)
                .setPrompt(prompt)
                .setScheduler(scheduler)
                .setSeed(seed);
        Given.use(steps, parameters::setNumInferenceSteps);
        return parameters.build();
    }

    private ComparisonPage.Row row(ImageParameters asked, Channel channel, Progress progress) throws IOException {
        List<ComparisonPage.Cell> cells = new ArrayList<>();
        for (float scale : guidance) {
            cells.add(cell(asked.toBuilder().setGuidanceScale(scale).build(), channel, progress));
        }
        return new ComparisonPage.Row(asked.getModel(), asked.getScheduler(), cells);
    }

    /** Draws one picture as the model makes it. What the service refuses for this model and sampler alone is an empty cell. */
    private static ComparisonPage.Cell cell(ImageParameters parameters, Channel channel, Progress progress)
            throws IOException {
        var request = StreamGenerateImagesRequest.newBuilder()
                .setParameters(parameters)
                .setUpscaleFactor(1)
                .build();
        try {
            var events = GenerationServiceGrpc.newBlockingStub(channel).streamGenerateImages(request);
            return ComparisonPage.Cell.of(DeliveredImages.receive(events, progress, _ -> {}));
        } catch (StatusRuntimeException e) {
            return ComparisonPage.Cell.without(reason(ErrorDetails.of(e), e));
        }
    }

    /** Returns why a model cannot be drawn with under a sampler; a refusal of anything else is thrown again. */
    private static String reason(ErrorDetails details, StatusRuntimeException refusal) {
        List<Violation> violations = details.violations();
        if (violations.isEmpty()
                || violations.stream().anyMatch(it -> !it.field().equals("parameters.scheduler"))) {
            throw refusal;
        }
        return violations.getFirst().description();
    }
}
