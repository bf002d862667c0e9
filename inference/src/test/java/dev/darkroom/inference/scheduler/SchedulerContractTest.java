// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.inference.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
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
 * rescaling to zero terminal SNR turns into 4e-6 of every beta, and ancestral and exponential integrators into as much of a step.
 */
final class SchedulerContractTest {
    private static final double RELATIVE_L2 = 1e-5;
    private static final double RELATIVE_L2_LOOSE = 1e-4;

    /** Classes whose factors are differences of nearly equal float32 numbers. */
    private static final Set<String> CANCELLING = Set.of(
            "DPMSolverMultistepScheduler",
            "DPMSolverSinglestepScheduler",
            "DPMSolverSDEScheduler",
            "UniPCMultistepScheduler",
            "EulerAncestralDiscreteScheduler",
            "KDPM2AncestralDiscreteScheduler");

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
        ObjectNode described = loop.deepCopy();
        described.remove(List.of("class", "num_inference_steps", "steps", "noised", "init_noise_sigma", "length"));
        return loop.get("class").asText() + " x " + loop.get("num_inference_steps") + " " + described;
    }

    private static void agrees(JsonNode loop) {
        Schedule schedule = schedule(loop);
        double tolerance = tolerance(loop);
        int first = loop.path("first_step").asInt();
        assertThat(schedule.length()).isEqualTo(loop.get("length").asInt());
        assertThat((double) schedule.initNoiseSigma())
                .isCloseTo(loop.get("init_noise_sigma").asDouble(), Percentage.withPercentage(100 * tolerance));
        if (first > 0) {
            assertThat(distance(schedule.addNoise(start(), noise(100), first), loop.get("noised")))
                    .as("noised")
                    .isLessThan(tolerance);
        }
        Loop running = new Loop(loop, schedule, new Rows(0, SHAPE[0]));
        int next = 0;
        while (running.step < schedule.length()) {
            int step = running.step;
            SchedulerOutput result = running.advance();
            JsonNode expected = loop.get("steps").get(next);
            if (expected.get("step").asInt() == step) {
                agrees(schedule, step, result, expected, tolerance);
                next++;
            }
        }
        assertThat(next).isEqualTo(loop.get("steps").size());
    }

    private static void agrees(
            Schedule schedule, int step, SchedulerOutput result, JsonNode expected, double tolerance) {
        assertThat((double) schedule.timestep(step))
                .as("timestep of step %d", step)
                .isCloseTo(expected.get("timestep").asDouble(), Offset.offset(1e-2));
        assertThat(distance(result.prevSample(), expected.get("prev_sample")))
                .as("step %d", step)
                .isLessThan(tolerance);
        if (expected.has("pred_original_sample")) {
            assertThat(distance(result.predOriginalSample(), expected.get("pred_original_sample")))
                    .as("pred_original_sample of step %d", step)
                    .isLessThan(tolerance);
        }
    }

    private static double tolerance(JsonNode loop) {
        boolean rescaled = loop.get("config").path("rescale_betas_zero_snr").asBoolean();
        boolean cancelling = CANCELLING.contains(loop.get("class").asText());
        return rescaled || cancelling ? RELATIVE_L2_LOOSE : RELATIVE_L2;
    }

    @TestFactory
    Stream<DynamicTest> step_rowAlone_isBitEqualToItsRowOfTheBatch() {
        return each("rows of", loop -> {
            Schedule schedule = schedule(loop);
            Loop both = new Loop(loop, schedule, new Rows(0, SHAPE[0]));
            Loop alone = new Loop(loop, schedule, new Rows(1, SHAPE[0]));
            while (both.step < schedule.length()) {
                assertThat(alone.advance().prevSample())
                        .isEqualTo(both.advance().prevSample().row(1));
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> step_twoLoopsOfOneSchedule_doNotMeet() {
        return each("two loops of", loop -> {
            Schedule schedule = schedule(loop);
            Loop ahead = new Loop(loop, schedule, new Rows(0, SHAPE[0]));
            Loop behind = new Loop(loop, schedule, new Rows(0, SHAPE[0]));
            List<Tensor> seen = new ArrayList<>();
            while (ahead.step < schedule.length()) {
                seen.add(ahead.advance().prevSample());
                if (seen.size() > 2) {
                    assertThat(behind.advance().prevSample()).isEqualTo(seen.get(seen.size() - 3));
                }
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> step_storedHistory_goesOnWithTheSameBits() {
        return each("stored half of", loop -> {
            Loop running = new Loop(loop, schedule(loop), new Rows(0, SHAPE[0]));
            int half = (running.step + running.schedule.length()) / 2;
            while (running.step < half) {
                running.advance();
            }
            Loop resumed = running.stored(schedule(loop));
            while (running.step < running.schedule.length()) {
                assertThat(resumed.advance()).isEqualTo(running.advance());
            }
        });
    }

    /** Each kind of loop once, the shorter ones of those recorded. */
    private static Stream<DynamicTest> each(String what, Consumer<JsonNode> test) {
        return StreamSupport.stream(GOLDEN.get("loops").spliterator(), false)
                .filter(loop ->
                        loop.get("length").asInt() >= 8 && loop.get("length").asInt() <= 60)
                .map(loop -> DynamicTest.dynamicTest(what + " " + name(loop), () -> test.accept(loop)));
    }

    /** Rows of the batch that a loop has. */
    private record Rows(int from, int to) {
        Tensor of(Tensor batch) {
            return batch.rows(from, to);
        }
    }

    /** A generation that stands before {@code step}. */
    private static final class Loop {
        private final JsonNode recorded;
        private final Schedule schedule;
        private final Rows rows;
        private final AtomicInteger draws;
        private int step;
        private Tensor latents;
        private History history;

        Loop(JsonNode recorded, Schedule schedule, Rows rows) {
            this.recorded = recorded;
            this.schedule = schedule;
            this.rows = rows;
            this.draws = new AtomicInteger();
            this.step = recorded.path("first_step").asInt();
            this.latents = step > 0
                    ? schedule.addNoise(rows.of(start()), rows.of(noise(100)), step)
                    : Tensor.scale(schedule.initNoiseSigma(), rows.of(start()));
            this.history = History.EMPTY;
        }

        private Loop(Loop other, Schedule schedule) {
            this.recorded = other.recorded;
            this.schedule = schedule;
            this.rows = other.rows;
            this.draws = new AtomicInteger(other.draws.get());
            this.step = other.step;
            this.latents = copy(other.latents);
            Map<String, Tensor> tensors = new HashMap<>();
            other.history.tensors().forEach((name, tensor) -> tensors.put(name, copy(tensor)));
            this.history = new History(other.history.steps(), tensors);
        }

        private static Tensor copy(Tensor tensor) {
            return Tensor.of(tensor.data().clone(), tensor.shape());
        }

        /** Returns this loop as another process would go on with it: from a schedule of its own and copies of the numbers. */
        Loop stored(Schedule again) {
            return new Loop(this, again);
        }

        SchedulerOutput advance() {
            Tensor scaled = schedule.scaleModelInput(latents, step);
            String variance = recorded.get("class").asText().equals("DDPMScheduler")
                    ? recorded.get("config").path("variance_type").asText("fixed_small")
                    : "fixed_small";
            Tensor output = model(scaled, schedule.timestep(step), variance, rows.from());
            SchedulerOutput result =
                    schedule.step(output, latents, step, history, () -> rows.of(noise(draws.getAndIncrement())));
            latents = result.prevSample();
            history = result.history();
            step++;
            return result;
        }
    }

    private static Schedule schedule(JsonNode loop) {
        SchedulerConfig config = SchedulerConfig.of(loop.get("config"));
        ObjectNode running = loop.get("config").deepCopy();
        running.put("_class_name", loop.get("class").asText());
        Scheduler scheduler = SchedulerType.of(SchedulerConfig.of(running))
                .create(config, (float) loop.path("eta").asDouble());
        if (loop.has("mu")) {
            scheduler = scheduler.shifted(loop.get("mu").asDouble());
        }
        return scheduler.schedule(plan(loop));
    }

    private static StepPlan plan(JsonNode loop) {
        int steps = loop.get("num_inference_steps").asInt();
        if (loop.has("timesteps")) {
            return new StepPlan.Timesteps(doubles(loop.get("timesteps")));
        }
        if (loop.has("sigmas")) {
            return new StepPlan.Sigmas(doubles(loop.get("sigmas")));
        }
        return loop.has("strength")
                ? new StepPlan.Partial(steps, loop.get("strength").asDouble())
                : new StepPlan.Count(steps);
    }

    private static List<Double> doubles(JsonNode list) {
        return list.valueStream().map(JsonNode::asDouble).toList();
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

    /** The recorded numbers are every so many of ours. */
    private static double distance(Tensor ours, JsonNode reference) {
        double difference = 0;
        double norm = 0;
        int at = GOLDEN.get("recorded").get(0).asInt();
        for (JsonNode number : reference) {
            double expected = number.asDouble();
            difference += Math.pow(ours.data()[at] - expected, 2);
            norm += expected * expected;
            at += GOLDEN.get("recorded").get(1).asInt();
        }
        return Math.sqrt(difference / norm);
    }

    private static Tensor start() {
        return tensor(SHAPE, i -> 2 * Math.sin(0.7 * i + 0.3));
    }

    private static Tensor noise(int draw) {
        return tensor(SHAPE, i -> 1.4 * Math.cos(1.9 * i + 0.9 * draw));
    }

    /** @param row which row of the batch is the first of {@code sample} */
    private static Tensor model(Tensor sample, float timestep, String varianceType, int row) {
        float[] x = sample.data();
        int[] shape = sample.shape();
        int before = row * x.length / shape[0];
        Tensor out = tensor(shape, i -> 0.5 * Math.tanh(x[i]) + 0.3 * Math.cos(0.01 * timestep + i + before));
        return switch (varianceType) {
            case "learned" -> channels(out, tensor(shape, i -> 0.05 + 0.02 * Math.tanh(0.3 * x[i])));
            case "learned_range" -> channels(out, tensor(shape, i -> 0.9 * Math.tanh(0.3 * x[i])));
            default -> out;
        };
    }

    private static Tensor channels(Tensor first, Tensor second) {
        int[] shape = first.shape();
        Tensor[] interleaved = new Tensor[2 * shape[0]];
        for (int i = 0; i < shape[0]; i++) {
            interleaved[2 * i] = first.row(i);
            interleaved[2 * i + 1] = second.row(i);
        }
        return Tensor.concat(interleaved).reshape(shape[0], 2 * shape[1], shape[2], shape[3]);
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
