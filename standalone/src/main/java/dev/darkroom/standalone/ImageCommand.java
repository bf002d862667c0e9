// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.ImagesCompleted;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.gateway.v1.StreamGenerateImagesResponse;
import dev.darkroom.media.v1.Preview;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.text2image.v1.ImageParameters;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "image",
        description = "Makes pictures from words.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {"", "Example: darkroom image \"two pandas in a forest at night\" -n 8 --seed 7 -o out/"})
final class ImageCommand implements Callable<Integer> {

    @Parameters(paramLabel = "PROMPT", description = "What to draw.")
    private String prompt = "";

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE|FOLDER/",
            description =
                    "Where the picture goes; a folder ends in a slash. Default: a file named after the prompt and the seed.")
    private @Nullable String output;

    @Option(
            names = {"-n", "--images"},
            defaultValue = "1",
            description = "Pictures to make. Default: 1.")
    private int images;

    @Option(
            names = "--seed",
            description = "Seed of the first picture; the next ones count up. Default: random, and printed.")
    private @Nullable Long seed;

    @Option(names = "--steps", description = "Denoising steps. Default: the model's.")
    private @Nullable Integer steps;

    @Option(names = "--guidance", description = "Classifier-free guidance scale. Default: the model's.")
    private @Nullable Float guidance;

    @Option(names = "--guidance-rescale", description = "Guidance rescale, 0 to 1. Default: 0.")
    private @Nullable Float guidanceRescale;

    @Option(names = "--negative", defaultValue = "", description = "What to keep out of the picture.")
    private String negative = "";

    @Option(names = "--scheduler", defaultValue = "", description = "ddim, ddpm or euler. Default: the model's.")
    private String scheduler = "";

    @Option(names = "--eta", description = "Stochasticity of ddim, 0 to 1. Default: 0.")
    private @Nullable Float eta;

    @Option(
            names = "--model",
            defaultValue = "",
            description = "A name that 'darkroom models' lists. Default: the first.")
    private String model = "";

    @Option(names = "--width", description = "Pixels. Default: the model's.")
    private @Nullable Integer width;

    @Option(names = "--height", description = "Pixels. Default: the model's.")
    private @Nullable Integer height;

    @Option(names = "--preview", description = "Keep an evolving picture beside the output while it is made.")
    private boolean preview;

    @Option(names = "--preview-every", defaultValue = "2", description = "Steps between previews. Default: 2.")
    private int previewEvery;

    @Option(
            names = "--safety-policy",
            defaultValue = "",
            description = "Safety policy to check under. Default: default.")
    private String safetyPolicy = "";

    @Option(names = "--json", description = "Print one JSON object about the result.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "Print nothing but errors.")
    private boolean quiet;

    @Mixin
    private GatewayOption gateway = new GatewayOption();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    private final List<Picture> pictures = new ArrayList<>();
    private final List<Warning> warnings = new ArrayList<>();

    @Override
    public Integer call() throws IOException {
        long start = System.nanoTime();
        PictureFiles files = PictureFiles.of(output, prompt, images);
        try (Gateway connected = gateway.connect()) {
            var events =
                    GenerationServiceGrpc.newBlockingStub(connected.channel()).streamGenerateImages(request());
            ImagesCompleted completed = receive(events, files);
            report(new ImageReport(completed, pictures, warnings, write(files), sheet(files), millisSince(start)));
        }
        return 0;
    }

    private StreamGenerateImagesRequest request() {
        return StreamGenerateImagesRequest.newBuilder()
                .setParameters(parameters())
                .setPreviewInterval(preview ? previewEvery : 0)
                .setSafetyPolicy(safetyPolicy)
                .build();
    }

    private ImageParameters parameters() {
        var parameters = ImageParameters.newBuilder()
                .setModel(model)
                .setPrompt(prompt)
                .setNegativePrompt(negative)
                .setScheduler(scheduler)
                .setNumImagesPerPrompt(images);
        ifGiven(seed, parameters::setSeed);
        ifGiven(steps, parameters::setNumInferenceSteps);
        ifGiven(guidance, parameters::setGuidanceScale);
        ifGiven(guidanceRescale, parameters::setGuidanceRescale);
        ifGiven(eta, parameters::setEta);
        ifGiven(width, parameters::setWidth);
        ifGiven(height, parameters::setHeight);
        return parameters.build();
    }

    private static <T> void ifGiven(@Nullable T value, Consumer<T> use) {
        if (value != null) {
            use.accept(value);
        }
    }

    private ImagesCompleted receive(Iterator<StreamGenerateImagesResponse> events, PictureFiles files)
            throws IOException {
        Progress progress = Progress.onTerminal(quiet || json);
        try {
            while (events.hasNext()) {
                StreamGenerateImagesResponse event = events.next();
                switch (event.getEventCase()) {
                    case STAGE_STARTED -> progress.stage(event.getStageStarted().getStage());
                    case STEP_COMPLETED -> progress.step(event.getStepCompleted());
                    case PREVIEW -> writePreview(event.getPreview(), files);
                    case WARNING -> warnings.add(event.getWarning());
                    case IMAGE -> pictures.add(new Picture(event.getImage()));
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
        throw new IOException("the gateway ended the stream before the last picture; run the command again");
    }

    private static void writePreview(Preview preview, PictureFiles files) throws IOException {
        files.writePreview(preview.getIndex(), preview.getPng().toByteArray());
    }

    private List<Path> write(PictureFiles files) throws IOException {
        List<Path> written = new ArrayList<>();
        for (Picture picture : pictures) {
            written.add(files.write(picture));
        }
        return written;
    }

    private @Nullable Path sheet(PictureFiles files) throws IOException {
        return pictures.size() > 1 ? files.writeSheet(pictures) : null;
    }

    private void report(ImageReport report) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(report.json());
        } else if (!quiet) {
            out.print(report.text());
        }
        out.flush();
    }

    private static long millisSince(long nanos) {
        return (System.nanoTime() - nanos) / 1_000_000;
    }
}
