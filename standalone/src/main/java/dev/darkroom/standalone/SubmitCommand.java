// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.google.longrunning.Operation;
import dev.darkroom.gateway.v1.GenerateImagesRequest;
import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.JobOptions;
import dev.darkroom.text2image.v1.ImageParameters;
import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "submit",
        description = "Has pictures made as a job of a running gateway, and prints its id at once.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {
            "",
            "Example: darkroom submit \"a fox in the snow\" --seed 7; then darkroom jobs watch ID; darkroom jobs result ID"
        })
final class SubmitCommand implements Callable<Integer> {

    @Parameters(paramLabel = "PROMPT", description = "What to draw.")
    private String prompt = "";

    @Option(
            names = {"-n", "--images"},
            defaultValue = "1",
            description = "Pictures to make. Default: 1.")
    private int images;

    @Option(names = "--seed", description = "Seed of the first picture. Default: random.")
    private @Nullable Long seed;

    @Option(names = "--steps", description = "Denoising steps. Default: the model's.")
    private @Nullable Integer steps;

    @Option(names = "--guidance", description = "Classifier-free guidance scale. Default: the model's.")
    private @Nullable Float guidance;

    @Option(names = "--negative", defaultValue = "", description = "What to keep out of the picture.")
    private String negative = "";

    @Option(
            names = "--model",
            defaultValue = "",
            description = "A name that 'darkroom models' lists. Default: the first.")
    private String model = "";

    @Option(names = "--priority", defaultValue = "0", description = "-10 to 10, higher ones first. Default: 0.")
    private int priority;

    @Option(
            names = "--label",
            paramLabel = "KEY=VALUE",
            description = "For filters of 'darkroom jobs'; may be given several times.")
    private Map<String, String> labels = Map.of();

    @Option(
            names = "--request-id",
            defaultValue = "",
            description = "Submitted again under the same id, it is the same job. Default: a new job.")
    private String requestId = "";

    @Mixin
    private SafetyPolicyOption safetyPolicy = new SafetyPolicyOption();

    @Mixin
    private RunningGatewayOption gateway = new RunningGatewayOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        try (Gateway connected = gateway.connect()) {
            Operation operation =
                    GenerationServiceGrpc.newBlockingStub(connected.channel()).generateImages(request());
            PrintWriter out = spec.commandLine().getOut();
            out.println(JobLine.id(operation.getName()));
            out.flush();
            return 0;
        }
    }

    private GenerateImagesRequest request() {
        ImageParameters.Builder parameters = ImageParameters.newBuilder()
                .setPrompt(prompt)
                .setNegativePrompt(negative)
                .setModel(model)
                .setNumImagesPerPrompt(images);
        Given.use(seed, parameters::setSeed);
        Given.use(steps, parameters::setNumInferenceSteps);
        Given.use(guidance, parameters::setGuidanceScale);
        return GenerateImagesRequest.newBuilder()
                .setParameters(parameters)
                .setSafetyPolicy(safetyPolicy.name())
                .setOptions(JobOptions.newBuilder()
                        .setPriority(priority)
                        .putAllLabels(labels)
                        .setRequestId(requestId))
                .build();
    }
}
