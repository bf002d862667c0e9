// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.DegenerateImageException;
import dev.darkroom.inference.diffusion.Denoiser;
import dev.darkroom.inference.diffusion.Guidance;
import dev.darkroom.inference.diffusion.LoopState;
import dev.darkroom.inference.diffusion.Row;
import dev.darkroom.inference.diffusion.StepBatcher;
import dev.darkroom.inference.diffusion.TiledVaeDecoder;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.LatentDiffusionModel;
import dev.darkroom.inference.onnx.NetworkInput;
import dev.darkroom.inference.scheduler.Schedule;
import dev.darkroom.inference.tensor.GaussianNoise;
import dev.darkroom.inference.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What the pipelines share around their loops: first latents, the network's rows with guidance, and pictures from latents. Thread-safe. All
 * tensors are float32, batch first; N is the number of pictures, C the latent channels, h and w the latent size.
 */
final class LatentDiffusion {
    /** Side of the latents that the probe uses at most, so that it stays quick on large models. */
    private static final int PROBE_SIZE = 16;

    private final LatentDiffusionModel networks;
    private final Denoiser denoiser;
    private final Row usual;
    private final TiledVaeDecoder decoder;

    /**
     * Runs the network and the decoder once.
     *
     * @param told an example of what the network takes beside latents and timestep
     */
    LatentDiffusion(
            LatentDiffusionModel networks, Map<NetworkInput, Tensor> told, TextToImageConfiguration configuration) {
        this.networks = networks;
        this.denoiser = Denoiser.probed(networks.network(), probe(networks, told), configuration.rowsPerCall());
        this.usual = row(networks, told, Integer.MAX_VALUE, GaussianNoise.seeded(0));
        this.decoder = TiledVaeDecoder.of(networks, configuration.vaeTileSize());
        var traits = networks.traits();
        networks.decode(
                Tensor.zeros(1, traits.latentChannels(), height(networks, PROBE_SIZE), width(networks, PROBE_SIZE)),
                new Cancellation());
    }

    private static List<Row> probe(LatentDiffusionModel networks, Map<NetworkInput, Tensor> told) {
        GaussianNoise noise = GaussianNoise.seeded(0);
        return IntStream.range(0, 4)
                .mapToObj(_ -> row(networks, told, PROBE_SIZE, noise))
                .toList();
    }

    private static Row row(
            LatentDiffusionModel networks, Map<NetworkInput, Tensor> told, int most, GaussianNoise noise) {
        int channels = networks.traits().latentChannels();
        return new Row(noise.next(1, channels, height(networks, most), width(networks, most)), 500, told);
    }

    private static int height(LatentDiffusionModel networks, int most) {
        int fixed = networks.network().fixedHeight();
        return fixed > 0 ? fixed : size(networks.traits(), most);
    }

    private static int width(LatentDiffusionModel networks, int most) {
        int fixed = networks.network().fixedWidth();
        return fixed > 0 ? fixed : size(networks.traits(), most);
    }

    private static int size(LatentDiffusionModel.Traits traits, int most) {
        return Math.ceilDiv(Math.min(most, traits.latentSize()), traits.sizeMultiple()) * traits.sizeMultiple();
    }

    LatentDiffusionModel networks() {
        return networks;
    }

    Denoiser denoiser() {
        return denoiser;
    }

    /** Times the network on latents of the size that it was trained on; see {@link Denoiser#tune}. */
    void tune(int mostLanes) {
        denoiser.tune(usual, mostLanes);
    }

    /** Announces the rows of a request's steps, and of one step more, which is about what the other networks take. */
    Work open(StepBatcher batcher, GenerationRequest request, Steps steps, Cancellation cancellation) {
        var traits = networks.traits();
        int rows = IntStream.rangeClosed(Math.min(request.resume().stepsDone(), steps.count()), steps.count())
                .map(step -> prompts(request, Math.min(step, steps.count() - 1), steps.count()))
                .sum();
        return denoiser.open(
                batcher,
                request.resume().pictures().size() * rows,
                traits.latentChannels(),
                request.height() / traits.vaeScaleFactor(),
                request.width() / traits.vaeScaleFactor(),
                cancellation);
    }

    /** A network that was distilled with guidance is asked once a step. */
    private int prompts(GenerationRequest request, int step, int count) {
        boolean distilled = networks.network().takes(NetworkInput.GUIDANCE_EMBEDDING);
        return !distilled && request.guidance().enabledAt(step, count) ? 2 : 1;
    }

    /** Returns the streams of a request's pictures, from where it goes on. */
    PictureNoise noise(GenerationRequest request) {
        var traits = networks.traits();
        return new PictureNoise(
                streams(request),
                traits.latentChannels(),
                request.height() / traits.vaeScaleFactor(),
                request.width() / traits.vaeScaleFactor());
    }

    private static List<GaussianNoise> streams(GenerationRequest request) {
        List<Integer> pictures = request.resume().pictures();
        return switch (request.resume()) {
            case Resume.Anew _ ->
                pictures.stream()
                        .map(index -> GaussianNoise.seeded(request.seedOf(index)))
                        .toList();
            case Resume.FromCheckpoints from ->
                IntStream.range(0, pictures.size())
                        .mapToObj(row -> GaussianNoise.resumed(
                                request.seedOf(pictures.get(row)),
                                from.state().noise().get(row)))
                        .toList();
        };
    }

    /**
     * Makes sure that a picture of a request can go on from there.
     *
     * @throws IllegalArgumentException naming what does not fit
     */
    void requireFits(LoopState state, GenerationRequest request, Loop loop) {
        var traits = networks.traits();
        state.requireFits(
                loop.schedule(),
                loop.steps().first(),
                loop.steps().end(),
                1,
                traits.latentChannels(),
                request.height() / traits.vaeScaleFactor(),
                request.width() / traits.vaeScaleFactor());
    }

    /** Returns where a loop goes on: at a checkpoint, or at its first step. */
    LoopState resume(Loop loop, GenerationRequest request, PictureNoise noise, Work work) {
        return request.resume().in(loop.stage()).orElseGet(() -> {
            Tensor latents = start(request, loop.schedule(), loop.steps(), noise, work);
            return LoopState.first(loop.steps().first(), latents, noise.positions());
        });
    }

    /** Returns the steps to make: all of them from noise, the last of them from a picture. */
    static Steps steps(GenerationRequest request, Schedule schedule) {
        return switch (request.start()) {
            case Start.Noise _ -> new Steps(0, schedule.length());
            case Start.Picture picture ->
                new Steps(schedule.firstStep(request.numInferenceSteps(), picture.strength()), schedule.length());
        };
    }

    /**
     * Returns the latents (N, C, h, w) that the first of the steps sees: noise alone, or a picture's, each drawn from the distribution that
     * the VAE gives, with noise. The order of the draws is diffusers'.
     */
    private Tensor start(GenerationRequest request, Schedule schedule, Steps steps, PictureNoise noise, Work work) {
        return switch (request.start()) {
            case Start.Noise _ -> Tensor.scale(schedule.initNoiseSigma(), noise.next());
            case Start.Picture picture -> {
                Tensor image = picture.image().toTensor();
                Tensor distribution = work.run(cancellation -> networks.vae().encode(image, cancellation));
                Tensor latents = noise.each(stream -> networks.vae().sample(distribution, stream)); // (N, C, h, w)
                yield schedule.addNoise(latents, noise.next(), steps.first());
            }
        };
    }

    /** Asks for all pictures, each under all that is told, at once: (N, C, h, w) to (N, C, h, w). */
    Tensor predict(Tensor modelInput, float timestep, Conditioning conditioning, Guidance guidance, Work work) {
        List<Map<NetworkInput, Tensor>> told = conditioning.negativeFirst();
        int prompts = told.size();
        List<Tensor> predictions = denoiser.predict(
                IntStream.range(0, modelInput.dim(0) * prompts)
                        .mapToObj(row -> new Row(modelInput.row(row / prompts), timestep, told.get(row % prompts)))
                        .toList(),
                work);
        return Tensor.concat(IntStream.range(0, modelInput.dim(0))
                .mapToObj(image -> conditioning.isGuided()
                        ? guidance.apply(predictions.get(2 * image), predictions.get(2 * image + 1))
                        : predictions.get(image))
                .toList());
    }

    /** Half-way latents may be beyond what the decoder can take; then there is no picture, and the final one is still to come. */
    Optional<RgbImage> rough(Tensor latents, Work work) {
        try {
            return Optional.of(decoder.decode(latents, work));
        } catch (DegenerateImageException e) {
            return Optional.empty();
        }
    }

    /** Returns the pictures of latents (N, C, h, w), one at a time: full-size activations are the largest memory of all. */
    List<RgbImage> decode(Tensor latents, Work work) {
        return IntStream.range(0, latents.dim(0))
                .mapToObj(image -> notConstant(decoder.decode(latents.row(image), work)))
                .toList();
    }

    private static RgbImage notConstant(RgbImage picture) {
        if (picture.isConstant()) {
            throw DegenerateImageException.constant();
        }
        return picture;
    }
}
