// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.ModelDirectoryException;
import dev.darkroom.inference.onnx.LatentDiffusionModel.Traits;
import dev.darkroom.inference.tensor.GaussianNoise;
import dev.darkroom.inference.tensor.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Over the folder and the misfits of {@code darkroom_training.record_graphs}. */
@ExtendWith(NoLiveHandles.class)
final class StableDiffusionModelTest {
    private static final Path RESOURCES = Path.of("src/test/resources");
    private static final SessionSettings SETTINGS = new SessionSettings(ExecutionProvider.CPU, 1);

    private final Cancellation cancellation = new Cancellation();

    @TempDir
    private Path temporary;

    private Path folder;

    @BeforeEach
    void copyFolder() throws IOException {
        folder = temporary.resolve("tiny");
        Path source = RESOURCES.resolve("tiny");
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(source.relativize(file).toString()));
            }
        }
    }

    @Test
    void load_graphsOverSafetensors_readsTraitsFromTheFolder() {
        try (StableDiffusionModel model = StableDiffusionModel.load(folder, SETTINGS)) {
            assertThat(model.traits()).isEqualTo(new Traits(4, 8, 2, 4, 0.5f, 8, TimestepForm.PER_ROW));
            assertThat(model.textEncoder().tokenizer().window()).isEqualTo(16);
            assertThat(model.directory().name()).isEqualTo("tiny");
            assertThat(model.directory().knownSubjects()).containsExactly("cat", "fox");
            assertThat(model.directory().license()).contains("apache-2.0");
            assertThat(model.fingerprint().runtime()).matches("onnxruntime \\d+\\.\\d+\\.\\d+ cpu");
            assertThat(model.fingerprint().cpu()).startsWith(System.getProperty("os.arch"));
        }
    }

    /** The shipped model keeps the promise that a picture does not depend on its neighbours; not every graph does. */
    @Test
    void denoise_rowsOfABatchOfEight_equalRowsAlone() {
        try (StableDiffusionModel model = StableDiffusionModel.load(Path.of("../models/pocket-unet"), SETTINGS)) {
            List<Tensor> latents = new ArrayList<>();
            List<Tensor> ids = new ArrayList<>();
            float[] timesteps = {999, 960, 500, 499, 20, 1, 0, 750};
            for (int i = 0; i < timesteps.length; i++) {
                latents.add(GaussianNoise.seeded(i).next(1, model.traits().latentChannels(), 16, 16));
                ids.add(model.textEncoder()
                        .tokenizer()
                        .encode("the fox in snow".substring(0, 7 + i))
                        .ids());
            }
            Tensor embeddings = encode(model, Tensor.concat(ids));
            Tensor noise = denoise(model, Tensor.concat(latents), timesteps, embeddings, cancellation);
            Tensor decoded = model.decode(noise, cancellation);
            for (int i = 0; i < timesteps.length; i++) {
                float[] timestep = {timesteps[i]};
                Tensor embedding = encode(model, ids.get(i));
                assertThat(embeddings.row(i)).isEqualTo(embedding);
                assertThat(noise.row(i)).isEqualTo(denoise(model, latents.get(i), timestep, embedding, cancellation));
                assertThat(decoded.row(i)).isEqualTo(model.decode(noise.row(i), cancellation));
            }
        }
    }

    @Test
    void denoise_perRowTimesteps_reachTheirRows() {
        try (StableDiffusionModel model = StableDiffusionModel.load(folder, SETTINGS)) {
            Tensor latents = GaussianNoise.seeded(1).next(1, 4, 8, 8);
            Tensor embeddings = GaussianNoise.seeded(2).next(1, 16, 8);
            Tensor both = denoise(
                    model,
                    Tensor.concat(latents, latents),
                    new float[] {3, 900},
                    Tensor.concat(embeddings, embeddings),
                    cancellation);
            Tensor second = denoise(model, latents, new float[] {900}, embeddings, cancellation);
            // The tiny graph averages over a middle axis, where ONNX Runtime's order of summation depends on the batch
            // size.
            assertThat(both.row(1).data()).usingComparatorWithPrecision(1e-5f).containsExactly(second.data());
            assertThat(both.row(0)).isNotEqualTo(both.row(1));
            assertThat(model.decode(both, cancellation).shape()).containsExactly(2, 3, 32, 32);
        }
    }

    @ParameterizedTest
    @CsvSource({"unet-scalar-timestep, SCALAR", "unet-single-int64-timestep, SINGLE"})
    void denoise_oneTimestepForAllRows_refusesMixedOnes(String graph, TimestepForm form) throws IOException {
        replace("unet/model.onnx", graph);
        try (StableDiffusionModel model = StableDiffusionModel.load(folder, SETTINGS)) {
            Tensor latents = Tensor.zeros(2, 4, 8, 8);
            Tensor embeddings = Tensor.zeros(2, 16, 8);
            assertThat(model.traits().timestep()).isEqualTo(form);
            assertThat(denoise(model, latents, new float[] {7, 7}, embeddings, cancellation))
                    .isEqualTo(latents);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> denoise(model, latents, new float[] {7, 8}, embeddings, cancellation));
        }
    }

    @Test
    void encode_int32Ids_isTheOtherDialect() throws IOException {
        replace("text_encoder/model.onnx", "text-int32-ids");
        try (StableDiffusionModel model = StableDiffusionModel.load(folder, SETTINGS)) {
            assertThat(encode(model, Tensor.of(new float[] {0, 2}, 1, 2)).data())
                    .startsWith(0f, 0.01f)
                    .endsWith(0.22f, 0.23f);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.onnx", "model_quantized.onnx"})
    void load_onlyOutputAndOnlyGraph_mayHaveAnyName(String name) throws IOException {
        replace("unet/model.onnx", "unet-other-output");
        Files.move(folder.resolve("unet/model.onnx"), folder.resolve("unet/" + name));
        try (StableDiffusionModel model = StableDiffusionModel.load(folder, SETTINGS)) {
            Tensor latents = GaussianNoise.seeded(1).next(1, 4, 8, 8);
            assertThat(denoise(model, latents, new float[] {7}, Tensor.zeros(1, 16, 8), cancellation))
                    .isEqualTo(latents);
        }
    }

    @Test
    void load_optimumLayout_findsTheDecoder() throws IOException {
        Files.move(folder.resolve("vae"), folder.resolve("vae_decoder"));
        Files.move(folder.resolve("vae_decoder/decoder_model.onnx"), folder.resolve("vae_decoder/model.onnx"));
        StableDiffusionModel.load(folder, SETTINGS).close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    unet/model.onnx | unet-rank-3 | unet: input sample: expected rank [4], found rank 3
                    unet/model.onnx | unet-5-channels | unet: sample, dimension 1: expected 4 (latent_channels of the VAE), found 5
                    unet/model.onnx | unet-width-9 | unet: encoder_hidden_states, dimension 2: expected 8 (cross_attention_dim of the U-Net), found 9
                    unet/model.onnx | unet-extra-input | unet: input timestep_cond: expected no input beside [encoder_hidden_states, sample, timestep], found one
                    text_encoder/model.onnx | text-float-ids | text_encoder: input input_ids: expected one of [INT32, INT64], found FLOAT32
                    vae/decoder_model.onnx | vae-4-channels | vae_decoder: sample, dimension 1: expected 3 (red, green and blue), found 4
                    """)
    void load_graphThatDoesNotFit_namesComponentTensorExpectedFound(String file, String graph, String message)
            throws IOException {
        replace(file, graph);
        assertRefused(message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    model_index.json | folder: model_index.json: expected a file, found none
                    scheduler/scheduler_config.json | scheduler: scheduler/scheduler_config.json: expected a file, found none
                    unet/model.onnx | unet: unet/model.onnx: expected a file, found none
                    unet/config.json | unet: unet/config.json: expected a file, found none
                    unet/diffusion_pytorch_model.safetensors | unet: unet/diffusion_pytorch_model.safetensors: expected a file, found none
                    vae/decoder_model.onnx | vae_decoder: vae_decoder/model.onnx or vae/decoder_model.onnx or vae/decoder.onnx or vae/model.onnx: expected a file, found none
                    tokenizer/tokenizer_config.json | tokenizer: tokenizer/tokenizer_config.json: expected a file, found none
                    tokenizer/merges.txt | tokenizer: merges.txt: expected one pair of symbols a line, found nothing readable
                    """)
    void load_missingFile_isNamed(String file, String message) throws IOException {
        Files.delete(folder.resolve(file));
        assertRefused(message);
    }

    @Test
    void load_damagedFiles_isRefused() throws IOException {
        Files.write(folder.resolve("unet/model.onnx"), new byte[] {0x3a, 0x7f, 1, 2});
        assertRefused("unet: model.onnx: expected an ONNX graph, found no readable one");
        Files.writeString(folder.resolve("unet/config.json"), "[]");
        replace("unet/model.onnx", "unet-scalar-timestep");
        assertRefused("unet: unet/config.json: expected a JSON object, found ARRAY");
        Files.writeString(folder.resolve("unet/config.json"), "{\"a\":");
        assertRefused("unet: unet/config.json: expected JSON, found an error at line 1");
    }

    @Test
    void load_truncatedWeights_isRefused() throws IOException {
        Path weights = folder.resolve("unet/diffusion_pytorch_model.safetensors");
        Files.write(weights, Arrays.copyOf(Files.readAllBytes(weights), 500));
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> StableDiffusionModel.load(folder, SETTINGS))
                .satisfies(e -> assertThat(e.component()).isEqualTo("unet"))
                .satisfies(e -> assertThat(e.subject()).isEqualTo("model.onnx"));
    }

    @Test
    void load_moreTokensThanEmbeddings_isRefused() throws IOException {
        Files.writeString(folder.resolve("text_encoder/config.json"), "{\"vocab_size\": 20}");
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> StableDiffusionModel.load(folder, SETTINGS))
                .withMessageStartingWith("tokenizer: ids: expected below vocab_size 20");
    }

    @Test
    void load_linkOutOfTheFolder_isRefused() throws IOException {
        Path outside = Files.copy(folder.resolve("unet/config.json"), temporary.resolve("outside.json"));
        Files.delete(folder.resolve("unet/config.json"));
        Files.createSymbolicLink(folder.resolve("unet/config.json"), outside);
        assertRefused("unet: unet/config.json: expected a file in the folder, found a path that leads out of it");
    }

    @Test
    void load_weightsOutOfTheFolder_isRefused() throws IOException {
        Path graph = folder.resolve("unet/model.onnx");
        byte[] bytes = Files.readAllBytes(graph);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        String name = "diffusion_pytorch_model.safetensors";
        String other = "../../" + name.substring(6); // of the same length, so the message stays well formed
        Files.write(graph, text.replace(name, other).getBytes(StandardCharsets.ISO_8859_1));
        assertRefused("unet: " + other + ": expected a file in the folder, found a path that leads out of it");
    }

    @Test
    void digest_changesWithDecidingFilesOnly() throws IOException {
        String digest = digest();
        Files.writeString(folder.resolve("README.md"), "another text");
        assertThat(digest()).isEqualTo(digest).matches("[0-9a-f]{64}");
        Path weights = folder.resolve("unet/diffusion_pytorch_model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        bytes[bytes.length - 1] ^= 1;
        Files.write(weights, bytes);
        assertThat(digest()).isNotEqualTo(digest);
    }

    private String digest() {
        return StableDiffusionModel.files(ModelDirectory.open(folder)).digest();
    }

    private Tensor encode(StableDiffusionModel model, Tensor ids) {
        return model.textEncoder().lastButNormed(ids, 0, cancellation);
    }

    private static Tensor denoise(
            StableDiffusionModel model, Tensor latents, float[] timesteps, Tensor embeds, Cancellation cancellation) {
        return model.network().predict(latents, timesteps, Map.of(NetworkInput.PROMPT_EMBEDS, embeds), cancellation);
    }

    private void replace(String file, String graph) throws IOException {
        Files.copy(
                RESOURCES.resolve("misfits/" + graph + ".onnx"),
                folder.resolve(file),
                StandardCopyOption.REPLACE_EXISTING);
    }

    private void assertRefused(String message) {
        assertThatExceptionOfType(ModelDirectoryException.class)
                .isThrownBy(() -> StableDiffusionModel.load(folder, SETTINGS))
                .withMessage(message);
        assertThat(LiveHandles.count()).isZero();
    }
}
