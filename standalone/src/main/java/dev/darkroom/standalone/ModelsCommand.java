// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.darkroom.caption.v1.AlignmentModel;
import dev.darkroom.caption.v1.CaptionModel;
import dev.darkroom.gateway.v1.ListModelsRequest;
import dev.darkroom.gateway.v1.ListModelsResponse;
import dev.darkroom.gateway.v1.ModelServiceGrpc;
import dev.darkroom.text2image.v1.ImageLimits;
import dev.darkroom.text2image.v1.ImageModel;
import dev.darkroom.text2image.v1.ImageParameters;
import dev.darkroom.text2image.v1.UpscaleLimits;
import dev.darkroom.text2image.v1.UpscaleModel;
import dev.darkroom.text2image.v1.UpscaleParameters;
import dev.darkroom.text2video.v1.VideoLimits;
import dev.darkroom.text2video.v1.VideoModel;
import dev.darkroom.text2video.v1.VideoParameters;
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
        try (Gateway connected = gateway.connect(
                ServeOptions.with(ServeOptions.TEXT2IMAGE, ServeOptions.CAPTION, ServeOptions.TEXT2VIDEO))) {
            ListModelsResponse response = ModelServiceGrpc.newBlockingStub(connected.channel())
                    .listModels(ListModelsRequest.getDefaultInstance());
            if (json) {
                out.println(JsonFormat.printer().print(response));
            } else {
                response.getImageModelsList().forEach(model -> print(model, out));
                response.getUpscaleModelsList().forEach(upscaler -> print(upscaler, out));
                response.getVideoModelsList().forEach(video -> print(video, out));
                response.getCaptionModelsList().forEach(captioner -> print(captioner, out));
                response.getAlignmentModelsList().forEach(aligner -> print(aligner, out));
            }
        }
        out.flush();
        return 0;
    }

    private static void print(ImageModel model, PrintWriter out) {
        ImageParameters defaults = model.getDefaults();
        ImageLimits limits = model.getLimits();
        out.printf("%s  (%s, %s)%n", model.getName(), model.getPipeline(), license(model.getLicense()));
        out.printf(
                "  default  %dx%d, %s, %d steps, guidance %s%s%n",
                defaults.getWidth(),
                defaults.getHeight(),
                defaults.getScheduler(),
                defaults.getNumInferenceSteps(),
                defaults.getGuidanceScale(),
                model.getDefaultUpscaleFactor() > 1
                        ? ", then enlarged " + model.getDefaultUpscaleFactor() + " times"
                        : "");
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

    private static void print(VideoModel video, PrintWriter out) {
        VideoParameters defaults = video.getDefaults();
        VideoLimits limits = video.getLimits();
        out.printf("%s  (%s, %s)%n", video.getName(), video.getPipeline(), license(video.getLicense()));
        out.printf(
                "  default  clips of %d frames of %dx%d at %d per second, %s, %d steps, guidance %s; then %s%n",
                defaults.getNumFrames(),
                defaults.getWidth(),
                defaults.getHeight(),
                defaults.getFrameRate(),
                defaults.getScheduler(),
                defaults.getNumInferenceSteps(),
                defaults.getGuidanceScale(),
                "enlarged %d times, %d times as many frames"
                        .formatted(defaults.getSpatialFactor(), defaults.getTemporalFactor()));
        out.printf(
                "  limits   %d to %d pixels in steps of %d, %d steps, %d frames (%d at once), prompts of %d characters (%d tokens are seen)%n",
                limits.getMinSize(),
                limits.getMaxSize(),
                limits.getSizeMultiple(),
                limits.getMaxNumInferenceSteps(),
                limits.getMaxNumFrames(),
                limits.getWindow(),
                limits.getMaxPromptLength(),
                limits.getPromptWindow());
        out.printf("  samplers %s%n", String.join(", ", video.getSchedulersList()));
        if (video.getKnownSubjectsCount() > 0) {
            out.printf("  shows    %s%n", String.join(", ", video.getKnownSubjectsList()));
        }
        out.printf("  digest   %s%n", video.getFingerprint().getModelDigest());
    }

    private static void print(UpscaleModel upscaler, PrintWriter out) {
        UpscaleParameters defaults = upscaler.getDefaults();
        UpscaleLimits limits = upscaler.getLimits();
        out.printf("%s  (%s, %s)%n", upscaler.getName(), upscaler.getPipeline(), license(upscaler.getLicense()));
        out.printf("  enlarges %d times%n", upscaler.getScaleFactor());
        out.printf(
                "  default  %s, %d steps, guidance %s, noise level %d%n",
                defaults.getScheduler(),
                defaults.getNumInferenceSteps(),
                defaults.getGuidanceScale(),
                defaults.getNoiseLevel());
        out.printf(
                "  limits   pictures of %d to %d pixels a side and %d MiB, %d steps, noise level %d%n",
                limits.getMinSize(),
                limits.getMaxSize(),
                limits.getMaxImageBytes() >> 20,
                limits.getMaxNumInferenceSteps(),
                limits.getMaxNoiseLevel());
        out.printf("  samplers %s%n", String.join(", ", upscaler.getSchedulersList()));
        out.printf("  digest   %s%n", upscaler.getFingerprint().getModelDigest());
    }

    private static void print(CaptionModel captioner, PrintWriter out) {
        out.printf("%s  (%s, %s)%n", captioner.getName(), captioner.getModelType(), license(captioner.getLicense()));
        out.printf(
                "  describes pictures, seen at %d pixels; at most %d beams and %d tokens%n",
                captioner.getImageSize(),
                captioner.getLimits().getMaxNumBeams(),
                captioner.getLimits().getMaxNewTokens());
        out.printf("  digest   %s%n", captioner.getFingerprint().getModelDigest());
    }

    private static void print(AlignmentModel aligner, PrintWriter out) {
        out.printf("%s  (%s, %s)%n", aligner.getName(), aligner.getModelType(), license(aligner.getLicense()));
        out.printf(
                "  scores   pictures, seen at %d pixels, with texts (%d tokens are seen)%n",
                aligner.getImageSize(), aligner.getLimits().getTextWindow());
        out.printf("  digest   %s%n", aligner.getFingerprint().getModelDigest());
    }

    private static String license(String stated) {
        return stated.isEmpty() ? "licence not stated" : stated;
    }
}
