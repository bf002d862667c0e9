// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import com.google.protobuf.ByteString;
import dev.darkroom.gateway.v1.GenerationServiceGrpc;
import dev.darkroom.gateway.v1.ListModelsRequest;
import dev.darkroom.gateway.v1.ListModelsResponse;
import dev.darkroom.gateway.v1.ModelServiceGrpc;
import dev.darkroom.gateway.v1.StreamGenerateImagesRequest;
import dev.darkroom.text2image.v1.ImageParameters;
import io.grpc.Channel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

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
            names = "--best-of",
            paramLabel = "N",
            description =
                    "Draw so many pictures, and deliver those of them that agree best with the prompt, best first. Default: deliver what is drawn.")
    private @Nullable Integer bestOf;

    @Option(
            names = "--min-score",
            paramLabel = "SCORE",
            description =
                    "CLIPScore that each of those should have, 0 to 2.5; while one has less, as many again are drawn. Default: none.")
    private @Nullable Float minScore;

    @Option(names = "--max-attempts", description = "How often in all, 1 to 10. Default: 3.")
    private @Nullable Integer maxAttempts;

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

    @Option(
            names = "--scheduler",
            defaultValue = "",
            description =
                    "A sampler that 'darkroom models' lists, such as euler_a, dpmpp_2m or unipc. Default: the model's.")
    private String scheduler = "";

    @Option(names = "--eta", description = "Stochasticity of ddim and tcd, 0 to 1. Default: 0.")
    private @Nullable Float eta;

    @Option(
            names = "--model",
            defaultValue = "",
            description = "A name that 'darkroom models' lists. Default: the first.")
    private String model = "";

    @Option(
            names = "--from",
            paramLabel = "FILE",
            description =
                    "A PNG, JPEG, WebP, GIF (first frame), TIFF (first page) or BMP to start from instead of noise; what is drawn keeps its proportions unless --width and --height say otherwise.")
    private @Nullable Path from;

    @Option(
            names = "--strength",
            description = "How much of that picture is drawn anew, above 0, to 1. Default: the model's.")
    private @Nullable Double strength;

    @Option(names = "--clip-skip", description = "Last layers of the text encoder to leave out. Default: 0.")
    private @Nullable Integer clipSkip;

    @Option(names = "--guidance-start", description = "Share of the steps before guidance begins, 0 to 1. Default: 0.")
    private @Nullable Double guidanceStart;

    @Option(names = "--guidance-end", description = "Share of the steps after which guidance ends, 0 to 1. Default: 1.")
    private @Nullable Double guidanceEnd;

    @Option(
            names = "--refiner",
            defaultValue = "",
            description = "An SDXL refiner that makes the last steps. Default: none.")
    private String refiner = "";

    @Option(
            names = "--refiner-start",
            description = "Share of the noise at which the refiner takes over, above 0 and below 1. Default: 0.8.")
    private @Nullable Double refinerStart;

    @Option(
            names = "--size",
            paramLabel = "PIXELS",
            description =
                    "Longer side of the picture: what the model draws, or 4 or 16 times that (64, 256 or 1024). Default: the model's.")
    private @Nullable Integer size;

    @Option(
            names = "--width",
            description = "Pixels that the model draws, before they are enlarged. Default: the model's.")
    private @Nullable Integer width;

    @Option(names = "--height", description = "As --width.")
    private @Nullable Integer height;

    @Option(
            names = "--preview",
            paramLabel = "MODE",
            arity = "0..1",
            preprocessor = PreviewMode.OnlyAttached.class,
            description =
                    "Show the picture while it is made: auto (in the terminal if it can draw, or else in a file beside the output), kitty, sixel,"
                            + " blocks, file or off. Without a value: auto.")
    private PreviewMode preview = PreviewMode.OFF;

    @Option(names = "--preview-every", defaultValue = "2", description = "Steps between previews. Default: 2.")
    private int previewEvery;

    @Mixin
    private SizeConditionOptions sizeConditions = new SizeConditionOptions();

    @Mixin
    private SafetyPolicyOption safetyPolicy = new SafetyPolicyOption();

    @Mixin
    private ResultOptions result = new ResultOptions();

    @Mixin
    private GatewayOption gateway = new GatewayOption();

    @Override
    public Integer call() throws IOException {
        long start = System.nanoTime();
        PictureFiles files = PictureFiles.of(output, prompt, images);
        Progress progress = result.progress();
        PreviewMode mode = progress.isShown() ? preview.on(System.getenv()) : preview.withoutTerminal();
        PreviewDisplay display = new PreviewDisplay(mode, files, bestOf == null ? images : bestOf);
        try (Gateway connected = connect()) {
            var events = GenerationServiceGrpc.newBlockingStub(connected.channel())
                    .streamGenerateImages(request(mode, connected.channel()));
            DeliveredImages delivered = DeliveredImages.receive(events, progress, display::show);
            display.show(delivered.pictures());
            result.print(report(delivered, files, start));
            return delivered.anyBlocked() ? Failures.HELD_BACK : 0;
        }
    }

    private Gateway connect() {
        ServeOptions services = bestOf == null
                ? ServeOptions.with(ServeOptions.TEXT2IMAGE)
                : ServeOptions.with(ServeOptions.TEXT2IMAGE, ServeOptions.CAPTION);
        return gateway.connect(services.drawing(model, refiner));
    }

    private static ImageReport report(DeliveredImages delivered, PictureFiles files, long start) throws IOException {
        List<Picture> pictures = delivered.pictures();
        Map<Integer, Path> written = write(pictures, files);
        Path sheet = pictures.size() > 1 && !written.isEmpty() ? files.writeSheet(pictures) : null;
        long millis = (System.nanoTime() - start) / 1_000_000;
        return new ImageReport(delivered.completed(), pictures, delivered.warnings(), written, sheet, millis);
    }

    private StreamGenerateImagesRequest request(PreviewMode mode, Channel channel) throws IOException {
        ByteString start = from == null ? ByteString.EMPTY : PictureInput.read(from);
        ListModelsResponse models =
                from == null && size == null ? ListModelsResponse.getDefaultInstance() : models(channel);
        ImageParameters parameters = parameters(start, models);
        var request = StreamGenerateImagesRequest.newBuilder()
                .setParameters(parameters)
                .setImage(start)
                .setPreviewInterval(mode == PreviewMode.OFF ? 0 : previewEvery)
                .setSafetyPolicy(safetyPolicy.name());
        Given.use(bestOf, request::setBestOf);
        Given.use(minScore, request::setMinScore);
        Given.use(maxAttempts, request::setMaxAttempts);
        Given.use(size, pixels -> request.setUpscaleFactor(FinalSize.factor(pixels, parameters, models)));
        return request.build();
    }

    private static ListModelsResponse models(Channel channel) {
        return ModelServiceGrpc.newBlockingStub(channel).listModels(ListModelsRequest.getDefaultInstance());
    }

    private ImageParameters parameters(ByteString start, ListModelsResponse models) {
        var parameters = ImageParameters.newBuilder()
                .setModel(model)
                .setPrompt(prompt)
                .setNegativePrompt(negative)
                .setScheduler(scheduler)
                .setRefiner(refiner)
                .setNumImagesPerPrompt(images);
        Given.use(seed, parameters::setSeed);
        Given.use(steps, parameters::setNumInferenceSteps);
        Given.use(guidance, parameters::setGuidanceScale);
        Given.use(guidanceRescale, parameters::setGuidanceRescale);
        Given.use(eta, parameters::setEta);
        Given.use(strength, parameters::setStrength);
        Given.use(clipSkip, parameters::setClipSkip);
        Given.use(guidanceStart, parameters::setGuidanceStart);
        Given.use(guidanceEnd, parameters::setGuidanceEnd);
        Given.use(refinerStart, parameters::setRefinerStart);
        sizeConditions.put(parameters);
        if (width == null && height == null) {
            PictureInput.decode(start)
                    .ifPresent(picture -> DrawnSize.fit(
                            picture.width(),
                            picture.height(),
                            FinalSize.model(parameters.build(), models),
                            parameters));
        }
        Given.use(width, parameters::setWidth);
        Given.use(height, parameters::setHeight);
        return parameters.build();
    }

    private static Map<Integer, Path> write(List<Picture> pictures, PictureFiles files) throws IOException {
        Map<Integer, Path> written = new HashMap<>();
        for (Picture picture : pictures) {
            if (!picture.isBlocked()) {
                written.put(picture.index(), files.write(picture));
            }
        }
        return written;
    }
}
