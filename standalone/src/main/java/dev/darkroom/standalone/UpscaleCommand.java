// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.StreamUpscaleImageRequest;
import dev.darkroom.gateway.v1.StreamUpscaleImageResponse;
import dev.darkroom.gateway.v1.UpscaleCompleted;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.text2image.v1.UpscaleParameters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "upscale",
        description = "Enlarges a picture.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {"", "Example: darkroom upscale fox.png --prompt \"a fox in the snow\" -o large.png"})
final class UpscaleCommand implements Callable<Integer> {

    @Parameters(
            paramLabel = "FILE",
            description = "A PNG, JPEG, WebP, GIF (first frame), TIFF (first page) or BMP of at most 16 MiB.")
    private Path input = Path.of("");

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE|FOLDER/",
            description = "Where the picture goes, a PNG. Default: beside the input, with -upscaled in its name.")
    private @Nullable String output;

    @Option(names = "--prompt", defaultValue = "", description = "What the picture shows. Default: nothing said.")
    private String prompt = "";

    @Option(names = "--steps", description = "Denoising steps. Default: the model's.")
    private @Nullable Integer steps;

    @Option(names = "--guidance", description = "Classifier-free guidance scale. Default: the model's.")
    private @Nullable Float guidance;

    @Option(
            names = "--noise-level",
            description = "Noise put on the input; more leaves the model more freedom. Default: the model's.")
    private @Nullable Integer noiseLevel;

    @Option(
            names = "--scheduler",
            defaultValue = "",
            description =
                    "A sampler that 'darkroom models' lists, such as euler_a, dpmpp_2m or unipc. Default: the model's.")
    private String scheduler = "";

    @Option(names = "--seed", description = "Seed of the noise. Default: random, and printed.")
    private @Nullable Long seed;

    @Option(
            names = "--model",
            defaultValue = "",
            description = "An upscaler that 'darkroom models' lists. Default: the first.")
    private String model = "";

    @Mixin
    private SafetyPolicyOption safetyPolicy = new SafetyPolicyOption();

    @Mixin
    private ResultOptions result = new ResultOptions();

    @Mixin
    private GatewayOption gateway = new GatewayOption();

    private final List<Picture> pictures = new ArrayList<>();
    private final List<Warning> warnings = new ArrayList<>();

    @Override
    public Integer call() throws IOException {
        long start = System.nanoTime();
        PictureFiles files = PictureFiles.of(target(), stem(), 1);
        ByteString image = PictureInput.read(input);
        try (Gateway connected =
                gateway.connect(ServeOptions.with(ServeOptions.TEXT2IMAGE).drawing("", ""))) {
            var events =
                    GenerationServiceGrpc.newBlockingStub(connected.channel()).streamUpscaleImage(request(image));
            UpscaleCompleted completed = receive(events);
            Picture picture = pictures.getLast();
            Path file = picture.isBlocked() ? null : files.write(picture);
            result.print(
                    new UpscaleReport(completed, picture, warnings, file, (System.nanoTime() - start) / 1_000_000));
            return picture.isBlocked() ? Failures.HELD_BACK : 0;
        }
    }

    private String stem() {
        return String.valueOf(input.getFileName()).replaceFirst("\\.[^.]*$", "");
    }

    /** Where the picture goes: the named file, or one named after the input, in the named folder or beside the input. */
    private String target() {
        String name = stem() + "-upscaled.png";
        if (output == null) {
            return input.resolveSibling(name).toString();
        }
        boolean folder = output.endsWith("/") || Files.isDirectory(Path.of(output));
        return folder ? Path.of(output).resolve(name).toString() : output;
    }

    private StreamUpscaleImageRequest request(ByteString image) {
        var parameters =
                UpscaleParameters.newBuilder().setModel(model).setPrompt(prompt).setScheduler(scheduler);
        Given.use(steps, parameters::setNumInferenceSteps);
        Given.use(guidance, parameters::setGuidanceScale);
        Given.use(noiseLevel, parameters::setNoiseLevel);
        Given.use(seed, parameters::setSeed);
        return StreamUpscaleImageRequest.newBuilder()
                .setParameters(parameters)
                .setImage(image)
                .setSafetyPolicy(safetyPolicy.name())
                .build();
    }

    private UpscaleCompleted receive(Iterator<StreamUpscaleImageResponse> events) throws IOException {
        Progress progress = result.progress();
        try {
            while (events.hasNext()) {
                StreamUpscaleImageResponse event = events.next();
                switch (event.getEventCase()) {
                    case STAGE_STARTED -> progress.stage(event.getStageStarted().getStage());
                    case STEP_COMPLETED -> progress.step(event.getStepCompleted());
                    case WARNING -> warnings.add(event.getWarning());
                    case IMAGE -> pictures.add(Picture.of(event.getImage()));
                    case IMAGE_CHUNK -> pictures.getLast().append(event.getImageChunk());
                    case COMPLETED -> {
                        return event.getCompleted();
                    }
                    case OPERATION_STARTED, QUEUED, EVENT_NOT_SET -> {}
                }
            }
        } finally {
            progress.clear();
        }
        throw new IOException("the gateway ended the stream before the picture; run the command again");
    }
}
