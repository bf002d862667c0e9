// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.DegenerateImageException;
import dev.darkroom.inference.diffusion.Denoiser;
import dev.darkroom.inference.diffusion.Guidance;
import dev.darkroom.inference.diffusion.Row;
import dev.darkroom.inference.diffusion.TiledVaeDecoder;
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
        this.decoder = TiledVaeDecoder.of(networks, configuration.vaeTileSize());
        var traits = networks.traits();
        networks.decode(
                Tensor.zeros(1, traits.latentChannels(), probeHeight(networks), probeWidth(networks)),
                new Cancellation());
    }

    private static List<Row> probe(LatentDiffusionModel networks, Map<NetworkInput, Tensor> told) {
        GaussianNoise noise = GaussianNoise.seeded(0);
        int channels = networks.traits().latentChannels();
        return IntStream.range(0, 4)
                .mapToObj(_ -> new Row(noise.next(1, channels, probeHeight(networks), probeWidth(networks)), 500, told))
                .toList();
    }

    private static int probeHeight(LatentDiffusionModel networks) {
        int fixed = networks.network().fixedHeight();
        return fixed > 0 ? fixed : probeSize(networks.traits());
    }

    private static int probeWidth(LatentDiffusionModel networks) {
        int fixed = networks.network().fixedWidth();
        return fixed > 0 ? fixed : probeSize(networks.traits());
    }

    private static int probeSize(LatentDiffusionModel.Traits traits) {
        int size = Math.min(PROBE_SIZE, traits.latentSize());
        return Math.ceilDiv(size, traits.sizeMultiple()) * traits.sizeMultiple();
    }

    LatentDiffusionModel networks() {
        return networks;
    }

    int rowsPerCall() {
        return denoiser.rowsPerCall();
    }

    /** Returns the streams of a request's pictures. */
    PictureNoise noise(GenerationRequest request) {
        var traits = networks.traits();
        return new PictureNoise(
                request.seeds().mapToObj(GaussianNoise::seeded).toList(),
                traits.latentChannels(),
                request.height() / traits.vaeScaleFactor(),
                request.width() / traits.vaeScaleFactor());
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
    Tensor start(
            GenerationRequest request, Schedule schedule, Steps steps, PictureNoise noise, Cancellation cancellation) {
        return switch (request.start()) {
            case Start.Noise _ -> Tensor.scale(schedule.initNoiseSigma(), noise.next());
            case Start.Picture picture -> {
                Tensor distribution = networks.vae().encode(picture.image().toTensor(), cancellation);
                Tensor latents = noise.each(stream -> networks.vae().sample(distribution, stream)); // (N, C, h, w)
                yield schedule.addNoise(latents, noise.next(), steps.first());
            }
        };
    }

    /** Asks for all pictures, each under all that is told, at once: (N, C, h, w) to (N, C, h, w). */
    Tensor predict(
            Tensor modelInput,
            float timestep,
            Conditioning conditioning,
            Guidance guidance,
            Cancellation cancellation) {
        List<Map<NetworkInput, Tensor>> told = conditioning.negativeFirst();
        int prompts = told.size();
        List<Tensor> predictions = denoiser.predict(
                IntStream.range(0, modelInput.dim(0) * prompts)
                        .mapToObj(row -> new Row(modelInput.row(row / prompts), timestep, told.get(row % prompts)))
                        .toList(),
                cancellation);
        return Tensor.concat(IntStream.range(0, modelInput.dim(0))
                .mapToObj(image -> conditioning.isGuided()
                        ? guidance.apply(predictions.get(2 * image), predictions.get(2 * image + 1))
                        : predictions.get(image))
                .toList());
    }

    /** Half-way latents may be beyond what the decoder can take; then there is no picture, and the final one is still to come. */
    Optional<RgbImage> rough(Tensor latents, Cancellation cancellation) {
        try {
            return Optional.of(decoder.decode(latents, cancellation));
        } catch (DegenerateImageException e) {
            return Optional.empty();
        }
    }

    /** Returns the pictures of latents (N, C, h, w), one at a time: full-size activations are the largest memory of all. */
    List<RgbImage> decode(Tensor latents, Cancellation cancellation) {
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
