// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.diffusion.StepBatcher;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.image.RecordedPicture;
import dev.darkroom.inference.onnx.CaptionModel;
import dev.darkroom.inference.onnx.ExecutionProvider;
import dev.darkroom.inference.onnx.NoLiveHandles;
import dev.darkroom.inference.onnx.RecordedCaptioners;
import dev.darkroom.inference.onnx.SessionSettings;
import dev.darkroom.inference.onnx.TextDecoder;
import dev.darkroom.inference.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against transformers' {@code generate} on the same weights, in every layout that exports have. */
@Timeout(120)
@ExtendWith(NoLiveHandles.class)
final class GeneratorTest {
    private static final SessionSettings ONE_THREAD = new SessionSettings(ExecutionProvider.CPU, 1);

    /** Relative. Float32 on both sides; the weights were made large so that every picture gets other words, and logits with them. */
    private static final double SCORES = 1e-4;

    @TempDir
    private Path temporary;

    /** A loaded folder and what its requests need. */
    private record Loaded(CaptionModel model, GenerationConfig config, DecoderRows rows, StepBatcher batcher)
            implements AutoCloseable {
        static Loaded of(Path folder, int lanes) {
            CaptionModel model = CaptionModel.load(folder, ONE_THREAD);
            GenerationConfig config =
                    GenerationConfig.of(model.directory(), model.decoder().vocabularySize());
            Tensor states = model.encode(model.pixelValues(RecordedPicture.of(24, 24)), new Cancellation());
            DecoderRows rows =
                    DecoderRows.probed(model.decoder(), states, config.rules().decoderStartTokenId(), 16, lanes);
            return new Loaded(model, config, rows, StepBatcher.start(lanes));
        }

        Tensor states(JsonNode recorded) {
            return states(
                    recorded.path("width").asInt(), recorded.path("height").asInt());
        }

        Tensor states(int width, int height) {
            return model.encode(model.pixelValues(RecordedPicture.of(width, height)), new Cancellation());
        }

        List<GeneratedTokens> generate(
                Tensor states, List<Integer> prompt, TokenRules rules, GenerationSettings settings) {
            Generator generator = new Generator(rows);
            try (Work work = generator.open(batcher, settings, new Cancellation())) {
                return generator.generate(states, prompt, rules, settings, work, TokenListener.NONE);
            }
        }

        @Override
        public void close() {
            batcher.close();
            model.close();
        }
    }

    @ParameterizedTest
    @CsvSource({"vit-gpt2, vit-gpt2", "vit-gpt2, vit-gpt2-merged", "vit-gpt2, vit-gpt2-uncached", "vit-trocr, vit-trocr"
    })
    void generate_recordedSearches_equalTransformersTokenForToken(String recorded, String folder) throws IOException {
        List<JsonNode> cases = RecordedCaptions.read().cases("searches", recorded);
        assertThat(cases).hasSizeGreaterThanOrEqualTo(150);
        try (Loaded loaded = Loaded.of(RecordedCaptioners.unpack(folder, temporary), 1)) {
            for (JsonNode expected : cases) {
                assertEqualsTransformers(expected, loaded);
            }
        }
    }

    private static void assertEqualsTransformers(JsonNode expected, Loaded loaded) {
        JsonNode given = expected.path("settings");
        List<GeneratedTokens> found = loaded.generate(
                loaded.states(expected),
                RecordedCaptions.ids(expected.path("prompt")),
                RecordedCaptions.rules(given, loaded.config.rules()),
                RecordedCaptions.settings(given));
        assertThat(found.stream().map(GeneratedTokens::tokens))
                .as(given.toString())
                .isEqualTo(RecordedCaptions.lists(expected.path("tokens")));
        for (int i = 0; i < expected.path("scores").size(); i++) {
            double score = expected.path("scores").path(i).asDouble();
            assertThat((double) found.get(i).score()).isCloseTo(score, within(SCORES * Math.max(1, Math.abs(score))));
        }
    }

    @ParameterizedTest
    @CsvSource({"vit-gpt2, vit-gpt2", "vit-trocr, vit-trocr"})
    void filtered_recordedSamples_equalTransformersProbabilities(String recorded, String folder) throws IOException {
        try (Loaded loaded = Loaded.of(RecordedCaptioners.unpack(folder, temporary), 1)) {
            for (JsonNode sample : RecordedCaptions.read().cases("samples", recorded)) {
                JsonNode given = sample.path("settings");
                TokenScores scores = new TokenScores(loaded.config.rules(), RecordedCaptions.settings(given, 5, 5), 1);
                Sampling sampling = new Sampling(
                        given.path("temperature").asDouble(),
                        given.path("top_k").asInt(),
                        given.path("top_p").asDouble(),
                        0);
                for (JsonNode step : sample.path("steps")) {
                    assertProbabilities(step, loaded, loaded.states(sample), scores, sampling);
                }
            }
        }
    }

    private static void assertProbabilities(
            JsonNode step, Loaded loaded, Tensor states, TokenScores scores, Sampling sampling) {
        List<Integer> row = new ArrayList<>(List.of(loaded.config.rules().decoderStartTokenId()));
        row.addAll(RecordedCaptions.ids(step.path("tokens")));
        float[] logits = loaded.model
                .decoder()
                .next(List.of(new TextDecoder.Row(row, states, null)), new Cancellation())
                .getFirst()
                .logits()
                .data()
                .clone();
        scores.process(logits, row);
        double[] expected = new double[logits.length];
        for (int i = 0; i < step.path("ids").size(); i++) {
            expected[step.path("ids").path(i).asInt()] =
                    step.path("probabilities").path(i).asDouble();
        }
        assertThat(Distribution.filtered(logits, sampling)).containsExactly(expected, within(1e-5));
    }

    @Test
    void generate_sameSeed_drawsTheSameCaptionsWhateverTheirNumber() throws IOException {
        try (Loaded loaded = Loaded.of(RecordedCaptioners.unpack("vit-gpt2", temporary), 1)) {
            List<GeneratedTokens> three = draw(loaded, 7, 3);
            assertThat(draw(loaded, 7, 3)).isEqualTo(three);
            assertThat(three).containsAll(draw(loaded, 9, 1));
            assertThat(draw(loaded, 10, 3)).doesNotContainAnyElementsOf(three);
        }
    }

    private static List<GeneratedTokens> draw(Loaded loaded, long seed, int count) {
        GenerationSettings settings =
                new GenerationSettings(1, count, 1, EarlyStopping.FALSE, 0, 1, 0, 8, new Sampling(1.2, 50, 0.95, seed));
        List<Integer> prompt = List.of(loaded.config.rules().decoderStartTokenId());
        return loaded.generate(loaded.states(50, 37), prompt, loaded.config.rules(), settings);
    }

    @Test
    void generate_concurrentRequests_shareCallsAndEqualThoseAlone() throws Exception {
        GenerationSettings settings = new GenerationSettings(3, 3, 1, EarlyStopping.FALSE, 0, 1, 6, 6, null);
        try (Loaded loaded = Loaded.of(RecordedCaptioners.unpack("vit-gpt2", temporary), 1);
                ExecutorService callers = Executors.newFixedThreadPool(8)) {
            assertThat(loaded.rows.rowsPerCall()).as("rows are independent").isEqualTo(16);
            List<Integer> prompt = List.of(loaded.config.rules().decoderStartTokenId());
            List<Tensor> pictures = IntStream.range(0, 8)
                    .mapToObj(i -> loaded.states(20 + 7 * i, 30))
                    .toList();
            List<List<GeneratedTokens>> alone = pictures.stream()
                    .map(states -> loaded.generate(states, prompt, loaded.config.rules(), settings))
                    .toList();
            StepBatcher.Done before = loaded.batcher.done();
            List<Future<List<GeneratedTokens>>> together = pictures.stream()
                    .map(states ->
                            callers.submit(() -> loaded.generate(states, prompt, loaded.config.rules(), settings)))
                    .toList();
            for (int i = 0; i < alone.size(); i++) {
                assertThat(together.get(i).get()).isEqualTo(alone.get(i));
            }
            StepBatcher.Done after = loaded.batcher.done();
            assertThat(after.rows() - before.rows()).isEqualTo(before.rows());
            assertThat(after.calls() - before.calls()).isLessThan(before.calls());
        }
    }

    @Test
    void generate_listener_hearsTheTokensOfTheCaption() throws IOException {
        try (Loaded loaded = Loaded.of(RecordedCaptioners.unpack("vit-trocr", temporary), 1)) {
            Generator generator = new Generator(loaded.rows);
            GenerationSettings greedy = new GenerationSettings(1, 1, 1, EarlyStopping.FALSE, 0, 1, 0, 8, null);
            List<Integer> heard = new ArrayList<>();
            List<Double> logProbs = new ArrayList<>();
            try (Work work = generator.open(loaded.batcher, greedy, new Cancellation())) {
                GeneratedTokens caption = generator
                        .generate(
                                loaded.states(64, 64),
                                List.of(loaded.config.rules().decoderStartTokenId()),
                                loaded.config.rules(),
                                greedy,
                                work,
                                (index, token, logProb) -> {
                                    assertThat(index).isEqualTo(heard.size());
                                    heard.add(token);
                                    logProbs.add(logProb);
                                })
                        .getFirst();
                assertThat(caption.tokens()).isEqualTo(heard).isNotEmpty();
                assertThat(caption.logProb())
                        .isCloseTo(
                                logProbs.stream()
                                        .mapToDouble(Double::doubleValue)
                                        .sum(),
                                within(1e-12));
            }
        }
    }

    @Test
    void generate_everythingBanned_saysSo() throws IOException {
        try (Loaded loaded = Loaded.of(RecordedCaptioners.unpack("vit-gpt2", temporary), 1)) {
            TokenRules own = loaded.config.rules();
            List<Integer> all = IntStream.range(0, loaded.model.decoder().vocabularySize())
                    .boxed()
                    .toList();
            TokenRules mute = new TokenRules(
                    own.decoderStartTokenId(), own.eosTokenId(), null, List.of(), all, List.of(), List.of(), 0);
            GenerationSettings beams = new GenerationSettings(2, 1, 1, EarlyStopping.FALSE, 0, 1, 0, 4, null);
            assertThatExceptionOfType(InferenceException.class)
                    .isThrownBy(() ->
                            loaded.generate(loaded.states(24, 24), List.of(own.decoderStartTokenId()), mute, beams))
                    .withMessage("every token is banned");
        }
    }

    @Test
    void generate_cancelled_stops() throws IOException {
        try (Loaded loaded = Loaded.of(RecordedCaptioners.unpack("vit-gpt2", temporary), 1)) {
            Generator generator = new Generator(loaded.rows);
            GenerationSettings greedy = new GenerationSettings(1, 1, 1, EarlyStopping.FALSE, 0, 1, 8, 8, null);
            Cancellation cancellation = new Cancellation();
            List<Integer> heard = new ArrayList<>();
            try (Work work = generator.open(loaded.batcher, greedy, cancellation)) {
                assertThatExceptionOfType(CancellationException.class)
                        .isThrownBy(() -> generator.generate(
                                loaded.states(24, 24),
                                List.of(loaded.config.rules().decoderStartTokenId()),
                                loaded.config.rules(),
                                greedy,
                                work,
                                (_, token, _) -> {
                                    heard.add(token);
                                    cancellation.cancel();
                                }));
            }
            assertThat(heard).hasSize(1);
        }
    }
}
