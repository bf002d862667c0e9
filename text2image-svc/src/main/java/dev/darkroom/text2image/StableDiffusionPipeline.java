// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.DegenerateImageException;
import dev.darkroom.inference.diffusion.Denoiser;
import dev.darkroom.inference.diffusion.Guidance;
import dev.darkroom.inference.diffusion.TiledVaeDecoder;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.StableDiffusionModel;
import dev.darkroom.inference.scheduler.History;
import dev.darkroom.inference.scheduler.Schedule;
import dev.darkroom.inference.scheduler.SchedulerConfig;
import dev.darkroom.inference.scheduler.SchedulerOutput;
import dev.darkroom.inference.tensor.GaussianNoise;
import dev.darkroom.inference.tensor.Tensor;
import dev.darkroom.inference.tokenizer.Encoding;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Text to image by latent diffusion: Rombach et al. 2022 (arXiv:2112.10752), with classifier-free guidance. Numerically equal to
 * diffusers' {@code StableDiffusionPipeline} on the same folder with one torch CPU generator per picture.
 *
 * <p>Thread-safe. All tensors are float32, batch first; N pictures share one loop, and none depends on its neighbours.
 */
final class StableDiffusionPipeline {
    /** Side of the latents that the probe uses at most, so that it stays quick on large models. */
    private static final int PROBE_SIZE = 16;

    private final StableDiffusionModel networks;
    private final Denoiser<Row> denoiser;
    private final TiledVaeDecoder decoder;
    private final SchedulerConfig schedulerConfig;
    private final KnownSubjects knownSubjects;

    /** Runs each network once. */
    StableDiffusionPipeline(
            StableDiffusionModel networks,
            int rowsPerCall,
            int vaeTile,
            SchedulerConfig schedulerConfig,
            KnownSubjects knownSubjects) {
        this.networks = networks;
        this.denoiser = Denoiser.probed(predictor(networks), probe(networks), rowsPerCall);
        this.decoder = TiledVaeDecoder.of(networks, vaeTile);
        this.schedulerConfig = schedulerConfig;
        this.knownSubjects = knownSubjects;
        int size = probeSize(networks);
        networks.decode(Tensor.zeros(1, networks.traits().latentChannels(), size, size), new Cancellation());
    }

    /**
     * One question to the network.
     *
     * @param latents (1, C, h, w), scaled for the timestep
     * @param promptEmbeds (1, L, D)
     */
    private record Row(Tensor latents, float timestep, Tensor promptEmbeds) {}

    private static Denoiser.Network<Row> predictor(StableDiffusionModel networks) {
        return (rows, cancellation) -> networks.denoise(
                Denoiser.stack(rows, Row::latents),
                Denoiser.numbers(rows, Row::timestep),
                Denoiser.stack(rows, Row::promptEmbeds),
                cancellation);
    }

    private static List<Row> probe(StableDiffusionModel networks) {
        GaussianNoise noise = GaussianNoise.seeded(0);
        int size = probeSize(networks);
        Tensor embeds = networks.encode(networks.tokenizer().encode("").ids(), new Cancellation());
        return IntStream.range(0, 4)
                .mapToObj(_ -> new Row(noise.next(1, networks.traits().latentChannels(), size, size), 500, embeds))
                .toList();
    }

    private static int probeSize(StableDiffusionModel networks) {
        return Math.min(PROBE_SIZE, networks.traits().latentSize());
    }

    int rowsPerCall() {
        return denoiser.rowsPerCall();
    }

    /**
     * Makes the pictures of a request.
     *
     * @throws java.util.concurrent.CancellationException within one step after {@code cancellation} is cancelled
     * @throws DegenerateImageException if a picture is not finite or a single colour
     */
    List<RgbImage> generate(GenerationRequest request, Consumer<GenerationEvent> events, Cancellation cancellation) {
        Tensor promptEmbeds =
                encode(request, events, cancellation); // (2, L, D) negative first, (1, L, D) without guidance
        Schedule schedule =
                request.scheduler().create(schedulerConfig, request.eta()).schedule(request.numInferenceSteps());
        List<GaussianNoise> noise =
                request.seeds().mapToObj(GaussianNoise::seeded).toList();
        Tensor latents = Tensor.scale(schedule.initNoiseSigma(), draw(noise, request)); // (N, C, H/f, W/f)

        events.accept(new GenerationEvent.StageStarted("denoise"));
        StepClock clock = new StepClock();
        History history = History.EMPTY;
        for (int step = 0; step < schedule.length(); step++) {
            Tensor modelInput = schedule.scaleModelInput(latents, step);
            Tensor noisePred =
                    predict(modelInput, schedule.timestep(step), promptEmbeds, request.guidance(), cancellation);
            SchedulerOutput output = schedule.step(noisePred, latents, step, history, () -> draw(noise, request));
            latents = output.prevSample();
            history = output.history();
            events.accept(new GenerationEvent.StepCompleted(
                    step + 1, schedule.length(), clock.etaMillis(step + 1, schedule.length()), latents));
            if (request.previewsAfter(step + 1)) {
                preview(output.predOriginalSample(), step + 1, events, cancellation);
            }
        }

        events.accept(new GenerationEvent.StageStarted("vae_decoder"));
        return decode(latents, cancellation);
    }

    private Tensor encode(GenerationRequest request, Consumer<GenerationEvent> events, Cancellation cancellation) {
        events.accept(new GenerationEvent.StageStarted("text_encoder"));
        if (knownSubjects.lacksAll(request.prompt())) {
            events.accept(Warnings.outsideWorld(knownSubjects));
        }
        Encoding positive = networks.tokenizer().encode(request.prompt());
        Warnings.truncated("prompt", positive, events);
        if (!request.guidance().enabled()) {
            return networks.encode(positive.ids(), cancellation);
        }
        Encoding negative = networks.tokenizer().encode(request.negativePrompt());
        Warnings.truncated("negative prompt", negative, events);
        return networks.encode(Tensor.concat(negative.ids(), positive.ids()), cancellation);
    }

    /** Draws one latent per picture from the picture's own stream. */
    private Tensor draw(List<GaussianNoise> noise, GenerationRequest request) {
        var traits = networks.traits();
        int height = request.height() / traits.vaeScaleFactor();
        int width = request.width() / traits.vaeScaleFactor();
        return Tensor.concat(noise.stream()
                .map(stream -> stream.next(1, traits.latentChannels(), height, width))
                .toList());
    }

    /** Asks for all pictures, each under all prompts, at once: (N, C, h, w) to (N, C, h, w). */
    private Tensor predict(
            Tensor modelInput, float timestep, Tensor promptEmbeds, Guidance guidance, Cancellation cancellation) {
        int prompts = promptEmbeds.dim(0);
        List<Tensor> predictions = denoiser.predict(
                IntStream.range(0, modelInput.dim(0) * prompts)
                        .mapToObj(row ->
                                new Row(modelInput.row(row / prompts), timestep, promptEmbeds.row(row % prompts)))
                        .toList(),
                cancellation);
        return Tensor.concat(IntStream.range(0, modelInput.dim(0))
                .mapToObj(image -> guidance.enabled()
                        ? guidance.apply(predictions.get(2 * image), predictions.get(2 * image + 1))
                        : predictions.get(image))
                .toList());
    }

    private void preview(Tensor latents, int step, Consumer<GenerationEvent> events, Cancellation cancellation) {
        for (int image = 0; image < latents.dim(0); image++) {
            int index = image;
            rough(latents.row(image), cancellation)
                    .ifPresent(picture -> events.accept(new GenerationEvent.Preview(index, step, picture)));
        }
    }

    /** Half-way latents may be beyond what the decoder can take; then there is no preview, and the picture itself is still to come. */
    private Optional<RgbImage> rough(Tensor latents, Cancellation cancellation) {
        try {
            return Optional.of(decoder.decode(latents, cancellation));
        } catch (DegenerateImageException e) {
            return Optional.empty();
        }
    }

    /** One at a time: full-size activations are the largest memory of all. */
    private List<RgbImage> decode(Tensor latents, Cancellation cancellation) {
        return IntStream.range(0, latents.dim(0))
                .mapToObj(image -> notConstant(decoder.decode(latents.row(image), cancellation)))
                .toList();
    }

    private static RgbImage notConstant(RgbImage picture) {
        if (picture.isConstant()) {
            throw DegenerateImageException.constant();
        }
        return picture;
    }
}
