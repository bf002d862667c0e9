// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.tensor.GaussianNoise;
import dev.darkroom.inference.tensor.Tensor;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * A variational autoencoder between pictures and latents. Thread-safe; whoever loaded the model closes it.
 *
 * <p>C is the number of latent channels, f the number of pixels per latent.
 */
public final class Vae {
    private final GraphCheck decoder;
    private final TensorSpec decoderInput;
    private final TensorSpec decoderOutput;
    private final Optional<Encoder> encoder;
    private final int channels;
    private final LatentScale scale;

    /** A graph whose output is a distribution: mean and logarithm of the variance, (N, 2 C, h, w). */
    private record Encoder(OnnxModel model, String input, String output) {}

    private Vae(ModelParts parts, int channels, LatentScale scale) {
        this.channels = channels;
        this.scale = scale;
        this.decoder = parts.check("vae_decoder");
        this.decoderInput = decoder.onlyInput("latent_sample", GraphCheck.FLOATS, 4);
        decoder.rows(decoderInput);
        decoder.dimension(decoderInput, 1, channels, "latent_channels of the VAE");
        decoder.onlyInputs(Set.of(decoderInput.name()));
        this.decoderOutput = decoder.onlyOutput("sample", GraphCheck.FLOATS, 4);
        decoder.dimension(decoderOutput, 1, 3, "red, green and blue");
        this.encoder = parts.has("vae_encoder") ? encoder(parts.check("vae_encoder"), channels) : Optional.empty();
    }

    static Vae of(ModelParts parts, LatentScale scale) {
        return new Vae(parts, channels(ModelFiles.vaeConfig(parts.directory())), scale);
    }

    static int channels(JsonNode config) {
        return config.path("latent_channels").asInt(4);
    }

    /** An encoder that draws its sample inside the graph cannot draw it from a request's seed, so it counts as none. */
    private static Optional<Encoder> encoder(GraphCheck check, int channels) {
        TensorSpec input = check.onlyInput("sample", GraphCheck.FLOATS, 4);
        check.rows(input);
        check.dimension(input, 1, 3, "red, green and blue");
        TensorSpec output = check.onlyOutput("latent_parameters", GraphCheck.FLOATS, 4);
        if (output.name().equals("latent_sample") || output.dim(1) == channels) {
            return Optional.empty();
        }
        check.dimension(output, 1, 2L * channels, "mean and log variance of latent_channels of the VAE");
        return Optional.of(new Encoder(check.model(), input.name(), output.name()));
    }

    /** Tells whether pictures can become latents. */
    public boolean encodes() {
        return encoder.isPresent();
    }

    /** Returns the picture (N, 3, f h, f w), nominally in [-1, 1], of latents (N, C, h, w) as the denoising network has them. */
    public Tensor decode(Tensor latents, Cancellation cancellation) {
        return decodeUnscaled(scale.toVae(latents), cancellation);
    }

    Tensor decodeUnscaled(Tensor latents, Cancellation cancellation) {
        Map<String, Tensor> outputs = decoder.model().run(Map.of(decoderInput.name(), latents), cancellation);
        return Objects.requireNonNull(outputs.get(decoderOutput.name()));
    }

    /**
     * Returns the distribution (1, 2 C, h, w) of the latents of a picture (1, 3, f h, f w) in [-1, 1].
     *
     * @throws IllegalStateException unless {@link #encodes}
     */
    public Tensor encode(Tensor picture, Cancellation cancellation) {
        Encoder graph = encoder.orElseThrow(() -> new IllegalStateException("the model has no VAE encoder"));
        return Objects.requireNonNull(
                graph.model.run(Map.of(graph.input, picture), cancellation).get(graph.output));
    }

    /**
     * Draws latents (1, C, h, w), as the denoising network has them, from a distribution: diffusers' {@code DiagonalGaussianDistribution}.
     *
     * @param distribution (1, 2 C, h, w) mean and logarithm of the variance
     */
    public Tensor sample(Tensor distribution, GaussianNoise noise) {
        Tensor mean = Tensor.channels(distribution, 0, channels);
        Tensor logVariance = Tensor.clamp(Tensor.channels(distribution, channels, 2 * channels), -30, 20);
        Tensor drawn = noise.next(mean.shape());
        float[] sample = new float[mean.size()];
        for (int i = 0; i < sample.length; i++) {
            float deviation = (float) Math.exp(0.5f * logVariance.data()[i]);
            sample[i] = mean.data()[i] + deviation * drawn.data()[i];
        }
        return scale.fromVae(Tensor.of(sample, mean.shape()));
    }
}
