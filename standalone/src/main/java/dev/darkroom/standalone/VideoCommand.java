// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import dev.darkroom.gateway.v1.DeliveredVideo;
import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.ListModelsRequest;
import dev.darkroom.gateway.v1.ModelServiceGrpc;
import dev.darkroom.gateway.v1.StreamGenerateVideoRequest;
import dev.darkroom.gateway.v1.StreamGenerateVideoResponse;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.safety.v1.OutputVerdict;
import dev.darkroom.text2video.v1.VideoModel;
import dev.darkroom.text2video.v1.VideoParameters;
import io.grpc.Channel;
import java.io.IOException;
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
        name = "video",
        description = "Makes a clip from words: base frames, larger frames, frames between them, a file.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {"", "Example: darkroom video \"a rocket flying up in space\" --seed 7 -o rocket.mp4"})
final class VideoCommand implements Callable<Integer> {
    private static final int STRIP = 4;
    private static final int DEFAULT_FRAME_RATE = 8;

    @Parameters(paramLabel = "PROMPT", description = "What to show, and how it moves.")
    private String prompt = "";

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE|FOLDER/",
            description =
                    "Where the clip goes: a .mp4, .webm, .gif, .webp or .zip (of PNG frames); a folder ends in a slash. Default: a .mp4 named after the prompt and the seed.")
    private @Nullable String output;

    @Option(names = "--gif", description = "Make an animated GIF, as a name that ends in .gif does.")
    private boolean gif;

    @Option(
            names = "--seconds",
            description =
                    "About how long it plays. Beyond what the model draws at once, overlapping windows are averaged at every step. Default: what the model draws at once.")
    private @Nullable Double seconds;

    @Option(names = "--frames", description = "Base frames, in place of --seconds.")
    private @Nullable Integer frames;

    @Option(names = "--fps", description = "Base frames per second, 1 to 60. Default: the model's.")
    private @Nullable Integer fps;

    @Option(names = "--seed", description = "Seed of the clip. Default: random, and printed.")
    private @Nullable Long seed;

    @Option(names = "--steps", description = "Denoising steps. Default: the model's.")
    private @Nullable Integer steps;

    @Option(names = "--guidance", description = "Classifier-free guidance scale. Default: the model's.")
    private @Nullable Float guidance;

    @Option(names = "--negative", defaultValue = "", description = "What to keep out of the clip.")
    private String negative = "";

    @Option(
            names = "--scheduler",
            defaultValue = "",
            description = "A sampler that 'darkroom models' lists. Default: the model's.")
    private String scheduler = "";

    @Option(
            names = "--model",
            defaultValue = "",
            description = "A name that 'darkroom models' lists. Default: the first.")
    private String model = "";

    @Option(names = "--width", description = "Pixels of the base frames. Default: the model's.")
    private @Nullable Integer width;

    @Option(names = "--height", description = "As --width.")
    private @Nullable Integer height;

    @Option(
            names = "--upscale",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "Whether the frames are enlarged. Default: where there is an upscaler.")
    private boolean upscale = true;

    @Option(
            names = "--interpolate",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "Whether frames are put between the base frames. Default: where there is a model for it.")
    private boolean interpolate = true;

    @Option(names = "--quality", description = "How good the encoded frames look, 1 to 100. Default: 80.")
    private @Nullable Integer quality;

    @Option(
            names = "--preview",
            paramLabel = "MODE",
            arity = "0..1",
            preprocessor = PreviewMode.OnlyAttached.class,
            description =
                    "Show four base frames while they are made: auto, kitty, sixel, blocks, file or off. Without a value: auto.")
    private PreviewMode preview = PreviewMode.OFF;

    @Option(names = "--preview-every", defaultValue = "2", description = "Steps between previews. Default: 2.")
    private int previewEvery;

    @Mixin
    private SafetyPolicyOption safetyPolicy = new SafetyPolicyOption();

    @Mixin
    private ResultOptions result = new ResultOptions();

    @Mixin
    private GatewayOption gateway = new GatewayOption();

    @Override
    public Integer call() throws IOException {
        long start = System.nanoTime();
        if (seconds != null && frames != null) {
            throw new IllegalArgumentException("--seconds and --frames say the same: give one of them");
        }
        Progress progress = result.progress();
        PreviewMode mode = progress.isShown() ? preview.on(System.getenv()) : preview.withoutTerminal();
        try (ClipFile file = ClipFile.of(output, prompt, gif);
                Gateway connected = gateway.connect(ServeOptions.with(ServeOptions.TEXT2VIDEO))) {
            PreviewDisplay display = new PreviewDisplay(mode, file.previews(), STRIP);
            var events = GenerationServiceGrpc.newBlockingStub(connected.channel())
                    .streamGenerateVideo(request(file, mode, connected.channel()));
            VideoReport report = receive(events, file, display, progress, start);
            result.print(report);
            return report.file() == null ? Failures.HELD_BACK : 0;
        }
    }

    private StreamGenerateVideoRequest request(ClipFile file, PreviewMode mode, Channel channel) {
        var parameters = VideoParameters.newBuilder()
                .setModel(model)
                .setPrompt(prompt)
                .setNegativePrompt(negative)
                .setScheduler(scheduler)
                .setContainer(file.container());
        Given.use(seed, parameters::setSeed);
        Given.use(steps, parameters::setNumInferenceSteps);
        Given.use(guidance, parameters::setGuidanceScale);
        Given.use(width, parameters::setWidth);
        Given.use(height, parameters::setHeight);
        Given.use(quality, parameters::setQuality);
        Given.use(fps, parameters::setFrameRate);
        Given.use(frames, parameters::setNumFrames);
        Given.use(seconds, asked -> parameters.setNumFrames((int) Math.round(asked * frameRate(channel))));
        if (!upscale) {
            parameters.setSpatialFactor(1);
        }
        if (!interpolate) {
            parameters.setTemporalFactor(1);
        }
        return StreamGenerateVideoRequest.newBuilder()
                .setParameters(parameters)
                .setPreviewInterval(mode == PreviewMode.OFF ? 0 : previewEvery)
                .setSafetyPolicy(safetyPolicy.name())
                .build();
    }

    private int frameRate(Channel channel) {
        if (fps != null) {
            return fps;
        }
        return ModelServiceGrpc.newBlockingStub(channel)
                .listModels(ListModelsRequest.getDefaultInstance())
                .getVideoModelsList()
                .stream()
                .filter(each -> model.isEmpty() || each.getName().equals(model))
                .map(VideoModel::getDefaults)
                .map(VideoParameters::getFrameRate)
                .findFirst()
                .orElse(DEFAULT_FRAME_RATE);
    }

    /** Reads a stream to its end, and shows on the way how it goes on. */
    private static VideoReport receive(
            Iterator<StreamGenerateVideoResponse> events,
            ClipFile file,
            PreviewDisplay display,
            Progress progress,
            long start)
            throws IOException {
        List<Warning> warnings = new ArrayList<>();
        DeliveredVideo delivered = DeliveredVideo.getDefaultInstance();
        try {
            while (events.hasNext()) {
                StreamGenerateVideoResponse event = events.next();
                switch (event.getEventCase()) {
                    case STAGE_STARTED -> progress.stage(event.getStageStarted().getStage());
                    case PROGRESS -> progress.cascade(event.getProgress());
                    case PREVIEW -> display.show(event.getPreview());
                    case WARNING -> warnings.add(event.getWarning());
                    case VIDEO -> delivered = event.getVideo();
                    case VIDEO_CHUNK -> file.append(event.getVideoChunk());
                    case COMPLETED -> {
                        boolean held = delivered.getOutputVerdict() == OutputVerdict.OUTPUT_VERDICT_BLOCKED;
                        long drawn = event.getCompleted().getParameters().getSeed();
                        Path written = held ? null : file.finish(delivered.getVideo(), drawn);
                        long millis = (System.nanoTime() - start) / 1_000_000;
                        return new VideoReport(event.getCompleted(), delivered, warnings, written, millis);
                    }
                    case OPERATION_STARTED, QUEUED, EVENT_NOT_SET -> {}
                }
            }
        } finally {
            progress.clear();
        }
        throw new IOException("the gateway ended the stream before the clip; run the command again");
    }
}
