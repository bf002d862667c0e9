// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.StableDiffusionModel;
import dev.darkroom.inference.scheduler.Schedule;
import dev.darkroom.inference.scheduler.SchedulerConfig;
import dev.darkroom.inference.scheduler.SchedulerOutput;
import dev.darkroom.inference.tensor.GaussianNoise;
import dev.darkroom.inference.tensor.Tensor;
import dev.darkroom.inference.tokenizer.Encoding;
import dev.darkroom.rpc.Fault;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Text to image by latent diffusion: Rombach et al. 2022 (arXiv:2112.10752), with classifier-free guidance. Numerically equal to
 * diffusers' {@code StableDiffusionPipeline} on the same folder with one torch CPU generator per picture.
 *
 * <p>Thread-safe. All tensors are float32, batch first; N pictures share one loop, and none depends on its neighbours.
 */
final class StableDiffusionPipeline {
    private final StableDiffusionModel networks;
    private final Denoiser denoiser;
    private final SchedulerConfig schedulerConfig;
    private final KnownSubjects knownSubjects;

    StableDiffusionPipeline(
            StableDiffusionModel networks,
            Denoiser denoiser,
            SchedulerConfig schedulerConfig,
            KnownSubjects knownSubjects) {
        this.networks = networks;
        this.denoiser = denoiser;
        this.schedulerConfig = schedulerConfig;
        this.knownSubjects = knownSubjects;
    }

    /**
     * Makes the pictures of a request.
     *
     * @throws java.util.concurrent.CancellationException within one step after {@code cancellation} is cancelled
     * @throws Fault.Internal IMAGE_DEGENERATE if a picture is not finite or a single colour
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
        StepClock clock = new StepClock(schedule.length());
        for (int step = 0; step < schedule.length(); step++) {
            Tensor modelInput = schedule.scaleModelInput(latents, step);
            Tensor noisePred =
                    predict(modelInput, schedule.timestep(step), promptEmbeds, request.guidance(), cancellation);
            SchedulerOutput output = schedule.step(noisePred, latents, step, () -> draw(noise, request));
            latents = output.prevSample();
            events.accept(clock.completed(step + 1, latents));
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
                        .mapToObj(row -> new Denoiser.Row(
                                modelInput.row(row / prompts), timestep, promptEmbeds.row(row % prompts)))
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
            Tensor decoded = decodeOne(latents.row(image), cancellation);
            if (decoded.isFinite()) {
                RgbImage picture = RgbImage.fromDecoded(decoded).getFirst();
                events.accept(new GenerationEvent.Preview(image, step, picture));
            }
        }
    }

    private List<RgbImage> decode(Tensor latents, Cancellation cancellation) {
        return IntStream.range(0, latents.dim(0))
                .mapToObj(image -> picture(decodeOne(latents.row(image), cancellation)))
                .toList();
    }

    /** Decodes (1, C, h, w) to (1, 3, H, W). One at a time: full-size activations are the largest memory of all. */
    private Tensor decodeOne(Tensor latents, Cancellation cancellation) {
        return networks.decode(Tensor.divide(latents, networks.traits().scalingFactor()), cancellation);
    }

    private static RgbImage picture(Tensor decoded) {
        if (!decoded.isFinite()) {
            throw new Fault.Internal("IMAGE_DEGENERATE", "The model produced values that are not numbers");
        }
        RgbImage picture = RgbImage.fromDecoded(decoded).getFirst();
        if (picture.isConstant()) {
            throw new Fault.Internal("IMAGE_DEGENERATE", "The model produced a picture of a single colour");
        }
        return picture;
    }
}
