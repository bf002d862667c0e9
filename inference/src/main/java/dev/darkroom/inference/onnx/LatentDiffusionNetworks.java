// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.onnx.LatentDiffusionModel.Traits;
import dev.darkroom.inference.tensor.Tensor;
import dev.darkroom.inference.tokenizer.ClipTokenizer;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

/**
 * The three sessions of a folder with its tokenizer and fingerprint, as every kind of latent diffusion model loads and checks them.
 * Thread-safe; {@link #close} when no call is in progress.
 */
record LatentDiffusionNetworks(
        ModelDirectory directory,
        OnnxModel textEncoder,
        OnnxModel unet,
        OnnxModel vaeDecoder,
        ClipTokenizer tokenizer,
        Fingerprint fingerprint)
        implements AutoCloseable {

    /**
     * Loads sessions, tokenizer and digest side by side.
     *
     * @param schedulers the folders whose {@code scheduler_config.json} takes part in the output
     * @param checked makes the model, or refuses; the networks are closed then
     * @throws ModelDirectoryException if the folder does not fit; nothing stays open
     * @throws InferenceException if the provider is not available
     */
    static <T> T load(
            ModelDirectory directory,
            SessionSettings settings,
            List<String> schedulers,
            Function<LatentDiffusionNetworks, T> checked) {
        OrtModel.requireProvider(settings);
        StableDiffusionFiles files = StableDiffusionFiles.of(directory, schedulers);
        Future<OrtModel> textEncoder;
        Future<OrtModel> unet;
        Future<OrtModel> vaeDecoder;
        Future<ClipTokenizer> tokenizer;
        Future<String> digest;
        try (ExecutorService workers =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().daemon().factory())) {
            unet = workers.submit(() -> session("unet", files.unet(), settings));
            vaeDecoder = workers.submit(() -> session("vae_decoder", files.vaeDecoder(), settings));
            textEncoder = workers.submit(() -> session("text_encoder", files.textEncoder(), settings));
            tokenizer = workers.submit(() -> ClipTokenizer.load(files.tokenizer(), positions(directory)));
            digest = workers.submit(files::digest);
        }
        try {
            return checked.apply(new LatentDiffusionNetworks(
                    directory,
                    result(textEncoder),
                    result(unet),
                    result(vaeDecoder),
                    result(tokenizer),
                    Fingerprint.of(result(digest), settings)));
        } catch (RuntimeException e) {
            List.of(textEncoder, unet, vaeDecoder).forEach(LatentDiffusionNetworks::discard);
            throw e;
        }
    }

    private static OrtModel session(String component, Path graph, SessionSettings settings) {
        try {
            return OrtModel.load(graph, settings);
        } catch (InferenceException e) {
            throw new ModelDirectoryException(
                    component,
                    graph.getFileName().toString(),
                    "a graph that ONNX Runtime runs",
                    String.valueOf(e.getMessage()));
        }
    }

    private static int positions(ModelDirectory directory) {
        return directory.config("text_encoder").path("max_position_embeddings").asInt(77);
    }

    private static <T> T result(Future<T> finished) {
        if (finished.state() == Future.State.SUCCESS) {
            return finished.resultNow();
        }
        if (finished.exceptionNow() instanceof RuntimeException e) {
            throw e;
        }
        throw new InferenceException("cannot load a model", finished.exceptionNow());
    }

    private static void discard(Future<OrtModel> finished) {
        if (finished.state() == Future.State.SUCCESS) {
            finished.resultNow().close();
        }
    }

    int latentChannels() {
        return StableDiffusionFiles.vaeConfig(directory).path("latent_channels").asInt(4);
    }

    /**
     * Checks the graphs against each other and the folder's JSON.
     *
     * @param sampleChannels what the U-Net's {@code sample} has
     * @param reason why, for the message
     * @param unetInputs every input that the U-Net may have
     * @param scalingFactor diffusers' default where the VAE's configuration does not say
     */
    Traits check(int sampleChannels, String reason, Set<String> unetInputs, double scalingFactor) {
        JsonNode unetConfig = directory.config("unet");
        JsonNode vaeConfig = StableDiffusionFiles.vaeConfig(directory);
        int channels = latentChannels();
        int width = unetConfig.path("cross_attention_dim").asInt(768);
        checkTextEncoder(width);
        TimestepForm timestep = checkUnet(sampleChannels, reason, unetInputs, width);
        checkVaeDecoder(channels);
        return new Traits(
                channels,
                unetConfig.path("sample_size").asInt(64),
                halvings(unetConfig),
                halvings(vaeConfig),
                (float) vaeConfig.path("scaling_factor").asDouble(scalingFactor),
                width,
                timestep);
    }

    /** Each block but the last halves its input. */
    private static int halvings(JsonNode config) {
        return 1 << Math.max(0, config.path("block_out_channels").size() - 1);
    }

    private void checkTextEncoder(int width) {
        GraphCheck check = new GraphCheck("text_encoder", textEncoder);
        TensorSpec ids = check.input("input_ids", GraphCheck.INTEGERS, 2);
        check.dimension(ids, 1, tokenizer.window(), "the tokenizer's window");
        check.onlyInputs(Set.of("input_ids"));
        TensorSpec embeddings = check.output("last_hidden_state", GraphCheck.FLOATS, 3);
        check.dimension(embeddings, 2, width, "cross_attention_dim of the U-Net");
        int vocabulary = directory.config("text_encoder").path("vocab_size").asInt(49408);
        if (tokenizer.size() > vocabulary) {
            throw new ModelDirectoryException(
                    "tokenizer",
                    "ids",
                    "below vocab_size " + vocabulary + " of the text encoder",
                    "up to " + (tokenizer.size() - 1));
        }
    }

    private TimestepForm checkUnet(int sampleChannels, String reason, Set<String> inputs, int width) {
        GraphCheck check = new GraphCheck("unet", unet);
        TensorSpec sample = check.input("sample", GraphCheck.FLOATS, 4);
        check.dimension(sample, 1, sampleChannels, reason);
        TensorSpec embeddings = check.input("encoder_hidden_states", GraphCheck.FLOATS, 3);
        check.dimension(embeddings, 2, width, "cross_attention_dim of the U-Net");
        TensorSpec timestep = check.input("timestep", EnumSet.allOf(TensorSpec.ElementType.class), 0, 1);
        check.onlyInputs(inputs);
        TensorSpec output = check.output("out_sample", GraphCheck.FLOATS, 4);
        check.dimension(output, 1, latentChannels(), "latent_channels of the VAE");
        return TimestepForm.of(timestep, sample);
    }

    private void checkVaeDecoder(int channels) {
        GraphCheck check = new GraphCheck("vae_decoder", vaeDecoder);
        check.dimension(check.input("latent_sample", GraphCheck.FLOATS, 4), 1, channels, "latent_channels of the VAE");
        check.onlyInputs(Set.of("latent_sample"));
        check.dimension(check.output("sample", GraphCheck.FLOATS, 4), 1, 3, "red, green and blue");
    }

    Tensor encode(Tensor ids, Cancellation cancellation) {
        return output("last_hidden_state", textEncoder.run(Map.of("input_ids", ids), cancellation));
    }

    Tensor denoise(Map<String, Tensor> inputs, Cancellation cancellation) {
        return output("out_sample", unet.run(inputs, cancellation));
    }

    Tensor decode(Tensor latents, Cancellation cancellation) {
        return output("sample", vaeDecoder.run(Map.of("latent_sample", latents), cancellation));
    }

    private static Tensor output(String name, Map<String, Tensor> outputs) {
        return Objects.requireNonNull(outputs.get(name), name);
    }

    @Override
    public void close() {
        textEncoder.close();
        unet.close();
        vaeDecoder.close();
    }
}
