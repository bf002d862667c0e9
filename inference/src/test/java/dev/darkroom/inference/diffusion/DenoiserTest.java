// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import static org.assertj.core.api.Assertions.assertThat;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.onnx.ExecutionProvider;
import dev.darkroom.inference.onnx.NetworkInput;
import dev.darkroom.inference.onnx.NoLiveHandles;
import dev.darkroom.inference.onnx.SessionSettings;
import dev.darkroom.inference.onnx.StableDiffusionModel;
import dev.darkroom.inference.tensor.GaussianNoise;
import dev.darkroom.inference.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On the tiny models of the service: real graphs of a few KB. */
@Timeout(120)
@ExtendWith(NoLiveHandles.class)
final class DenoiserTest {
    private static final Path MODELS = Path.of("../text2image-svc/src/test/resources/tiny");
    private static final int ROWS_PER_CALL = 8;

    private static StableDiffusionModel load(String name) {
        return StableDiffusionModel.load(MODELS.resolve(name), new SessionSettings(ExecutionProvider.CPU, 1));
    }

    private static Denoiser denoiser(StableDiffusionModel model) {
        Random random = new Random(0);
        List<Row> probe =
                IntStream.range(0, 4).mapToObj(_ -> row(model, random, 8, 500)).toList();
        return Denoiser.probed(model.network(), probe, ROWS_PER_CALL);
    }

    private static Row row(StableDiffusionModel model, Random random, int size, float timestep) {
        GaussianNoise noise = GaussianNoise.seeded(random.nextLong());
        Tensor latents = noise.next(1, model.traits().latentChannels(), size, size);
        Tensor embeds = noise.next(
                1,
                model.textEncoder().tokenizer().window(),
                model.directory().config("unet").path("cross_attention_dim").asInt());
        return new Row(latents, timestep, Map.of(NetworkInput.PROMPT_EMBEDS, embeds));
    }

    private static Work open(StepBatcher batcher, Denoiser denoiser, int rows, Row like) {
        Tensor latents = like.latents();
        return denoiser.open(batcher, rows, latents.dim(1), latents.dim(2), latents.dim(3), new Cancellation());
    }

    /** Lets requests ask at the same time: a call holds the lane until all of them wait. */
    private static List<List<Tensor>> together(StepBatcher batcher, Denoiser denoiser, List<List<Row>> requests)
            throws Exception {
        CountDownLatch held = new CountDownLatch(1);
        CountDownLatch letGo = new CountDownLatch(1);
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> gate = callers.submit(() -> {
                try (Work work = open(batcher, denoiser, 1, requests.getFirst().getFirst())) {
                    return work.run(_ -> {
                        held.countDown();
                        return passed(letGo);
                    });
                }
            });
            assertThat(passed(held)).isTrue();
            List<Future<List<Tensor>>> answers = requests.stream()
                    .map(rows -> callers.submit(() -> {
                        try (Work work = open(batcher, denoiser, 50 * rows.size(), rows.getFirst())) {
                            return denoiser.predict(rows, work);
                        }
                    }))
                    .toList();
            while (batcher.waiting() < requests.size()) {
                Thread.onSpinWait();
            }
            letGo.countDown();
            gate.get();
            List<List<Tensor>> all = new ArrayList<>();
            for (Future<List<Tensor>> answer : answers) {
                all.add(answer.get());
            }
            return all;
        }
    }

    private static boolean passed(CountDownLatch latch) {
        try {
            return latch.await(60, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Two to five requests of unlike timesteps, sizes, prompts and noise, guided or not. */
    private static List<List<Row>> mixed(StableDiffusionModel model, Random random) {
        return IntStream.range(0, 2 + random.nextInt(4))
                .mapToObj(_ -> {
                    float timestep = random.nextInt(1000);
                    int size = random.nextInt(4) == 0 ? 12 : 8;
                    return IntStream.rangeClosed(0, random.nextInt(2))
                            .mapToObj(_ -> row(model, random, size, timestep))
                            .toList();
                })
                .toList();
    }

    @Test
    void predict_fiveHundredMixedBatches_givesEachRowWhatItGetsAlone() throws Exception {
        try (StableDiffusionModel model = load("per-row");
                StepBatcher batcher = StepBatcher.start(1)) {
            Denoiser denoiser = denoiser(model);
            Random random = new Random(1);
            int rows = 0;
            int equal = 0;
            for (int batch = 0; batch < 500; batch++) {
                List<List<Row>> requests = mixed(model, random);
                List<List<Tensor>> answers = together(batcher, denoiser, requests);
                for (int i = 0; i < requests.size(); i++) {
                    for (int j = 0; j < requests.get(i).size(); j++) {
                        Tensor alone = alone(model, requests.get(i).get(j));
                        Tensor shared = answers.get(i).get(j);
                        assertThat(shared.data())
                                .usingComparatorWithPrecision(1e-4f)
                                .containsExactly(alone.data());
                        rows++;
                        equal += shared.equals(alone) ? 1 : 0;
                    }
                }
            }
            assertThat(equal).as("bit for bit, of %s", rows).isGreaterThanOrEqualTo(rows * 99 / 100);
            long calls = batcher.done().calls() - 500; // one of each batch held the lane
            assertThat(calls).as("calls for %s rows", rows).isLessThan(rows / 2);
        }
    }

    private static Tensor alone(StableDiffusionModel model, Row row) {
        return model.network()
                .predict(row.latents(), new float[] {row.timestep()}, row.conditions(), new Cancellation());
    }

    @ParameterizedTest
    @CsvSource({"per-row, 1", "scalar, 2"})
    void predict_twoTimesteps_shareACallWhereTheGraphTakesOneForEachRow(String name, int calls) throws Exception {
        try (StableDiffusionModel model = load(name);
                StepBatcher batcher = StepBatcher.start(1)) {
            Denoiser denoiser = denoiser(model);
            Random random = new Random(2);
            Row early = row(model, random, 8, 900);
            Row late = row(model, random, 8, 100);
            List<List<Tensor>> answers = together(batcher, denoiser, List.of(List.of(early), List.of(late)));

            assertThat(batcher.done().calls() - 1).isEqualTo(calls);
            assertThat(answers.get(0)).containsExactly(alone(model, early));
            assertThat(answers.get(1)).containsExactly(alone(model, late));
        }
    }

    @Test
    void predict_graphWhoseRowsAreCoupled_callsItForEachRow() throws Exception {
        try (StableDiffusionModel model = load("coupled");
                StepBatcher batcher = StepBatcher.start(1)) {
            Denoiser denoiser = denoiser(model);
            Random random = new Random(3);
            List<Row> rows = List.of(row(model, random, 8, 7), row(model, random, 8, 7));

            assertThat(denoiser.rowsPerCall()).isEqualTo(1);
            assertThat(together(batcher, denoiser, List.of(rows)).getFirst())
                    .containsExactly(alone(model, rows.get(0)), alone(model, rows.get(1)));
        }
    }

    @Test
    void tune_tinyNetwork_knowsWhatARowCosts() {
        try (StableDiffusionModel model = load("per-row");
                StepBatcher batcher = StepBatcher.start(2)) {
            Denoiser denoiser = denoiser(model);
            Row row = row(model, new Random(4), 8, 500);
            try (Work early = open(batcher, denoiser, 10, row)) {
                assertThat(early.prediction()).isEmpty();
            }
            denoiser.tune(row, 2);

            assertThat(denoiser.rowsPerCall()).isBetween(1, ROWS_PER_CALL);
            assertThat(denoiser.lanes()).isBetween(1, 2);
            try (Work work = open(batcher, denoiser, 1_000_000, row)) {
                assertThat(work.prediction().orElseThrow().alone().toMillis())
                        .isEqualTo(Math.round(1e9 * denoiser.secondsPerRow()));
            }
        }
    }
}
