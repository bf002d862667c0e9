// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.tensor.Tensor;
import dev.darkroom.inference.tokenizer.ClipTokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A Stable Diffusion folder, loaded: text encoder, U-Net, VAE decoder and tokenizer, checked against each other and against the
 * folder's JSON, with their calls under one set of names whatever the export's dialect. Thread-safe; {@link #close} when no
 * call is in progress.
 *
 * <p>N is the batch size, L the text window, D the embedding width, C the latent channels, h and w the latent size.
 */
public final class StableDiffusionModel implements AutoCloseable {
    /**
     * What the folder says about shapes.
     *
     * @param latentSize height and width of the latents that the U-Net was trained on
     * @param vaeScaleFactor pixels per latent in each direction
     * @param scalingFactor what decoded latents are divided by first
     */
    public record Traits(
            int latentChannels,
            int latentSize,
            int vaeScaleFactor,
            float scalingFactor,
            int embeddingWidth,
            TimestepForm timestep) {}

    private final ModelDirectory directory;
    private final OnnxModel textEncoder;
    private final OnnxModel unet;
    private final OnnxModel vaeDecoder;
    private final ClipTokenizer tokenizer;
    private final Traits traits;
    private final Fingerprint fingerprint;

    private StableDiffusionModel(
            ModelDirectory directory,
            OnnxModel textEncoder,
            OnnxModel unet,
            OnnxModel vaeDecoder,
            ClipTokenizer tokenizer,
            Fingerprint fingerprint) {
        this.directory = directory;
        this.textEncoder = textEncoder;
        this.unet = unet;
        this.vaeDecoder = vaeDecoder;
        this.tokenizer = tokenizer;
        this.fingerprint = fingerprint;
        this.traits = check();
    }

    /** As {@link #load(ModelDirectory, SessionSettings)}. */
    public static StableDiffusionModel load(Path folder, SessionSettings settings) {
        return load(ModelDirectory.open(folder), settings);
    }

    /**
     * Loads the three sessions, the tokenizer and the digest side by side. The caller closes the model.
     *
     * @throws ModelDirectoryException if the folder does not fit; nothing stays open
     * @throws InferenceException if the provider is not available
     */
    public static StableDiffusionModel load(ModelDirectory directory, SessionSettings settings) {
        OrtModel.requireProvider(settings);
        StableDiffusionFiles files = StableDiffusionFiles.of(directory);
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
            return new StableDiffusionModel(
                    directory,
                    result(textEncoder),
                    result(unet),
                    result(vaeDecoder),
                    result(tokenizer),
                    Fingerprint.of(result(digest), settings));
        } catch (RuntimeException e) {
            List.of(textEncoder, unet, vaeDecoder).forEach(StableDiffusionModel::discard);
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

    private Traits check() {
        JsonNode unetConfig = directory.config("unet");
        JsonNode vaeConfig = StableDiffusionFiles.vaeConfig(directory);
        int channels = vaeConfig.path("latent_channels").asInt(4);
        int width = unetConfig.path("cross_attention_dim").asInt(768);
        checkTextEncoder(width);
        TimestepForm timestep = checkUnet(channels, width);
        checkVaeDecoder(channels);
        return new Traits(
                channels,
                unetConfig.path("sample_size").asInt(64),
                1 << Math.max(0, vaeConfig.path("block_out_channels").size() - 1),
                (float) vaeConfig.path("scaling_factor").asDouble(0.18215),
                width,
                timestep);
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

    private TimestepForm checkUnet(int channels, int width) {
        GraphCheck check = new GraphCheck("unet", unet);
        TensorSpec sample = check.input("sample", GraphCheck.FLOATS, 4);
        check.dimension(sample, 1, channels, "latent_channels of the VAE");
        TensorSpec embeddings = check.input("encoder_hidden_states", GraphCheck.FLOATS, 3);
        check.dimension(embeddings, 2, width, "cross_attention_dim of the U-Net");
        TensorSpec timestep = check.input("timestep", EnumSet.allOf(TensorSpec.ElementType.class), 0, 1);
        check.onlyInputs(Set.of("sample", "timestep", "encoder_hidden_states"));
        check.dimension(check.output("out_sample", GraphCheck.FLOATS, 4), 1, channels, "latent_channels of the VAE");
        if (timestep.rank() == 0) {
            return TimestepForm.SCALAR;
        }
        boolean alongBatch = timestep.dim(0) < 0
                && timestep.dimNames().getFirst().equals(sample.dimNames().getFirst());
        return alongBatch ? TimestepForm.PER_ROW : TimestepForm.SINGLE;
    }

    private void checkVaeDecoder(int channels) {
        GraphCheck check = new GraphCheck("vae_decoder", vaeDecoder);
        check.dimension(check.input("latent_sample", GraphCheck.FLOATS, 4), 1, channels, "latent_channels of the VAE");
        check.onlyInputs(Set.of("latent_sample"));
        check.dimension(check.output("sample", GraphCheck.FLOATS, 4), 1, 3, "red, green and blue");
    }

    public ModelDirectory directory() {
        return directory;
    }

    public ClipTokenizer tokenizer() {
        return tokenizer;
    }

    public Traits traits() {
        return traits;
    }

    public Fingerprint fingerprint() {
        return fingerprint;
    }

    /** Returns the text embeddings (N, L, D) of token ids (N, L). */
    public Tensor encode(Tensor ids, Cancellation cancellation) {
        return output("last_hidden_state", textEncoder.run(Map.of("input_ids", ids), cancellation));
    }

    /**
     * Returns the U-Net's prediction (N, C, h, w) for latents (N, C, h, w) under embeddings (N, L, D).
     *
     * @param timesteps one per row; all equal unless {@link Traits#timestep} is {@link TimestepForm#PER_ROW}
     */
    public Tensor denoise(Tensor latents, float[] timesteps, Tensor embeddings, Cancellation cancellation) {
        Map<String, Tensor> inputs = Map.of(
                "sample",
                latents,
                "timestep",
                timestep(timesteps, latents.dim(0)),
                "encoder_hidden_states",
                embeddings);
        return output("out_sample", unet.run(inputs, cancellation));
    }

    private Tensor timestep(float[] timesteps, int rows) {
        if (timesteps.length != rows) {
            throw new IllegalArgumentException(timesteps.length + " time steps for " + rows + " rows");
        }
        return switch (traits.timestep()) {
            case PER_ROW -> Tensor.of(timesteps, rows);
            case SINGLE -> Tensor.of(new float[] {single(timesteps)}, 1);
            case SCALAR -> Tensor.scalar(single(timesteps));
        };
    }

    private static float single(float[] timesteps) {
        for (float timestep : timesteps) {
            if (timestep != timesteps[0]) {
                throw new IllegalArgumentException(
                        "this U-Net takes one time step for all rows, got " + Arrays.toString(timesteps));
            }
        }
        return timesteps[0];
    }

    /**
     * Returns the picture (N, 3, H, W), nominally in [-1, 1], of latents (N, C, h, w) that were divided by
     * {@link Traits#scalingFactor}.
     */
    public Tensor decode(Tensor latents, Cancellation cancellation) {
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
