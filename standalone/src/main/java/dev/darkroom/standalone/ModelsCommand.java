// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.darkroom.gateway.v1.ListModelsRequest;
import dev.darkroom.gateway.v1.ListModelsResponse;
import dev.darkroom.gateway.v1.ModelServiceGrpc;
import dev.darkroom.text2image.v1.ImageLimits;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "models",
        description = "Lists the models with their defaults and limits.",
        mixinStandardHelpOptions = true)
final class ModelsCommand implements Callable<Integer> {

    @Option(names = "--json", description = "Print the gateway's answer as JSON.")
    private boolean json;

    @Mixin
    private GatewayOption gateway = new GatewayOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws InvalidProtocolBufferException {
        PrintWriter out = spec.commandLine().getOut();
        try (Gateway connected = gateway.connect()) {
            ListModelsResponse response = ModelServiceGrpc.newBlockingStub(connected.channel())
                    .listModels(ListModelsRequest.getDefaultInstance());
            if (json) {
                out.println(JsonFormat.printer().print(response));
            } else {
                response.getImageModelsList().forEach(model -> print(model, out));
            }
        }
        out.flush();
        return 0;
    }

    private static void print(ImageModel model, PrintWriter out) {
        ImageParameters defaults = model.getDefaults();
        ImageLimits limits = model.getLimits();
        out.printf("%s  (%s, %s)%n", model.getName(), model.getPipeline(), license(model));
        out.printf(
                "  default  %dx%d, %s, %d steps, guidance %s%n",
                defaults.getWidth(),
                defaults.getHeight(),
                defaults.getScheduler(),
                defaults.getNumInferenceSteps(),
                defaults.getGuidanceScale());
        out.printf(
                "  limits   %d to %d pixels in steps of %d, %d steps, %d pictures, prompts of %d characters (%d tokens are seen)%n",
                limits.getMinSize(),
                limits.getMaxSize(),
                limits.getSizeMultiple(),
                limits.getMaxNumInferenceSteps(),
                limits.getMaxNumImagesPerPrompt(),
                limits.getMaxPromptLength(),
                limits.getPromptWindow());
        out.printf("  samplers %s%n", String.join(", ", model.getSchedulersList()));
        if (model.getKnownSubjectsCount() > 0) {
            out.printf("  draws    %s%n", String.join(", ", model.getKnownSubjectsList()));
        }
        out.printf("  digest   %s%n", model.getFingerprint().getModelDigest());
    }

    private static String license(ImageModel model) {
        return model.getLicense().isEmpty() ? "licence not stated" : model.getLicense();
    }
}
