// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.darkroom.inference.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntToDoubleFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Runs whole loops and compares them with those that record_schedulers.py recorded from diffusers. {@link #model} and {@link #noise}
 * are the functions of that script.
 *
 * <p>Tolerances: float32 rounding over 1,000 steps; and torch's vectorised square root, whose last bit may be wrong, which the
 * rescaling to zero terminal SNR turns into 4e-6 of every beta.
 */
final class SchedulerContractTest {
    private static final double RELATIVE_L2 = 1e-5;
    private static final double RELATIVE_L2_RESCALED = 1e-4;
    private static final JsonNode GOLDEN = golden();
    private static final int[] SHAPE =
            IntStream.range(0, 4).map(i -> GOLDEN.get("shape").get(i).asInt()).toArray();

    @TestFactory
    Stream<DynamicTest> step_recordedLoop_agreesWithDiffusers() {
        List<DynamicTest> tests = new ArrayList<>();
        GOLDEN.get("loops").forEach(loop -> tests.add(DynamicTest.dynamicTest(name(loop), () -> agrees(loop))));
        return tests.stream();
    }

    private static String name(JsonNode loop) {
        return loop.get("class").asText() + " x " + loop.get("num_inference_steps") + " " + loop.get("config") + " eta "
                + loop.get("eta");
    }

    private static void agrees(JsonNode loop) {
        Schedule schedule = schedule(loop);
        boolean rescaled = loop.get("config").path("rescale_betas_zero_snr").asBoolean();
        double tolerance = rescaled ? RELATIVE_L2_RESCALED : RELATIVE_L2;
        assertThat(schedule.length()).isEqualTo(loop.get("num_inference_steps").asInt());
        assertThat((double) schedule.initNoiseSigma())
                .isCloseTo(loop.get("init_noise_sigma").asDouble(), Percentage.withPercentage(100 * tolerance));
        AtomicInteger draws = new AtomicInteger();
        Supplier<Tensor> noise = () -> noise(draws.getAndIncrement());
        Tensor latents = Tensor.scale(schedule.initNoiseSigma(), start());
        JsonNode variance = loop.get("config").path("variance_type");
        int next = 0;
        for (int step = 0; step < schedule.length(); step++) {
            Tensor scaled = schedule.scaleModelInput(latents, step);
            Tensor output = model(scaled, schedule.timestep(step), variance.asText("fixed_small"));
            SchedulerOutput result = schedule.step(output, latents, step, noise);
            latents = result.prevSample();
            JsonNode expected = loop.get("steps").get(next);
            if (expected.get("step").asInt() == step) {
                assertThat((double) schedule.timestep(step))
                        .isCloseTo(expected.get("timestep").asDouble(), Offset.offset(1e-2));
                assertThat(distance(latents, expected.get("prev_sample")))
                        .as("step %d", step)
                        .isLessThan(tolerance);
                if (expected.has("pred_original_sample")) {
                    assertThat(distance(result.predOriginalSample(), expected.get("pred_original_sample")))
                            .as("pred_original_sample of step %d", step)
                            .isLessThan(tolerance);
                }
                next++;
            }
        }
        assertThat(next).isEqualTo(loop.get("steps").size());
    }

    private static Schedule schedule(JsonNode loop) {
        SchedulerType type = Arrays.stream(SchedulerType.values())
                .filter(t -> loop.get("class").asText().toUpperCase(Locale.ROOT).startsWith(t.name()))
                .findFirst()
                .orElseThrow();
        float eta = (float) loop.get("eta").asDouble();
        return type.create(SchedulerConfig.of(loop.get("config")), eta)
                .schedule(loop.get("num_inference_steps").asInt());
    }

    @ParameterizedTest
    @EnumSource
    void wholeTimesteps_everyStepCount_agreesWithDiffusers(TimestepSpacing spacing) {
        JsonNode checksums = GOLDEN.get("spacing_checksums").get(SchedulerConfig.optionName(spacing));
        for (int steps = 1; steps <= 1000; steps++) {
            int[] timesteps = spacing.wholeTimesteps(steps, 1000, 0);
            long checksum = IntStream.range(0, steps)
                    .mapToLong(i -> (i + 1L) * timesteps[i])
                    .sum();
            assertThat(checksum)
                    .as("%d steps", steps)
                    .isEqualTo(checksums.get(steps - 1).asLong());
        }
    }

    private static double distance(Tensor ours, JsonNode reference) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < ours.size(); i++) {
            double expected = reference.get(i).asDouble();
            difference += Math.pow(ours.data()[i] - expected, 2);
            norm += expected * expected;
        }
        return Math.sqrt(difference / norm);
    }

    private static Tensor start() {
        return tensor(SHAPE, i -> 2 * Math.sin(0.7 * i + 0.3));
    }

    private static Tensor noise(int draw) {
        return tensor(SHAPE, i -> 1.4 * Math.cos(1.9 * i + 0.9 * draw));
    }

    private static Tensor model(Tensor sample, float timestep, String varianceType) {
        float[] x = sample.data();
        Tensor out = tensor(SHAPE, i -> 0.5 * Math.tanh(x[i]) + 0.3 * Math.cos(0.01 * timestep + i));
        return switch (varianceType) {
            case "learned" -> channels(out, tensor(SHAPE, i -> 0.05 + 0.02 * Math.tanh(0.3 * x[i])));
            case "learned_range" -> channels(out, tensor(SHAPE, i -> 0.9 * Math.tanh(0.3 * x[i])));
            default -> out;
        };
    }

    private static Tensor channels(Tensor first, Tensor second) {
        Tensor interleaved = Tensor.concat(first.row(0), second.row(0), first.row(1), second.row(1));
        return interleaved.reshape(SHAPE[0], 2 * SHAPE[1], SHAPE[2], SHAPE[3]);
    }

    private static Tensor tensor(int[] shape, IntToDoubleFunction value) {
        float[] values = new float[Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) value.applyAsDouble(i);
        }
        return Tensor.of(values, shape);
    }

    private static JsonNode golden() {
        try (InputStream in = SchedulerContractTest.class.getResourceAsStream("/golden/schedulers.json")) {
            return new ObjectMapper().readTree(Objects.requireNonNull(in));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
