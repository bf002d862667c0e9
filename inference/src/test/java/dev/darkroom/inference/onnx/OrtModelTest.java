// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtProvider;
import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.onnx.TensorSpec.ElementType;
import dev.darkroom.inference.tensor.GaussianNoise;
import dev.darkroom.inference.tensor.Tensor;
import java.nio.file.Path;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Over the graphs of {@code darkroom_training.record_graphs}. */
@ExtendWith(NoLiveHandles.class)
final class OrtModelTest {
    private static final Path GRAPHS = Path.of("src/test/resources/graphs");
    private static final SessionSettings SETTINGS = new SessionSettings(ExecutionProvider.CPU, 1);

    private final Cancellation cancellation = new Cancellation();

    @Test
    void run_everyElementType_convertsBothWays() {
        try (OrtModel model = OrtModel.load(GRAPHS.resolve("types.onnx"), SETTINGS)) {
            Map<String, Tensor> outputs = model.run(everyType(new float[] {3, -16777216 / 2f}), cancellation);
            assertThat(model.inputs())
                    .extracting(TensorSpec::type)
                    .containsExactlyInAnyOrderElementsOf(EnumSet.complementOf(EnumSet.of(ElementType.BOOL)));
            assertThat(outputs.get("float_out")).isEqualTo(Tensor.of(new float[] {6, -16777216}, 1, 2));
            assertThat(outputs.get("long_out")).isEqualTo(outputs.get("float_out"));
            assertThat(outputs.get("int_out")).isEqualTo(outputs.get("float_out"));
            assertThat(outputs.get("double_out")).isEqualTo(outputs.get("float_out"));
            assertThat(outputs.get("half_out")).isEqualTo(Tensor.of(new float[] {6, Float.NEGATIVE_INFINITY}, 1, 2));
        }
    }

    @Test
    void run_fractionForIntegers_isRefused() {
        try (OrtModel model = OrtModel.load(GRAPHS.resolve("types.onnx"), SETTINGS)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> model.run(everyType(new float[] {0.5f, 1}), cancellation))
                    .withMessageContaining("0.5");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> model.run(everyType(new float[] {Float.NaN, 1}), cancellation));
        }
    }

    @Test
    void run_wrongInputs_namesThem() {
        try (OrtModel model = OrtModel.load(GRAPHS.resolve("types.onnx"), SETTINGS)) {
            Map<String, Tensor> inputs = everyType(new float[] {1, 2});
            inputs.put("half", Tensor.zeros(1, 3));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> model.run(inputs, cancellation))
                    .withMessage("input half has shape [1, 3], expected [-1, 2]");
            inputs.remove("half");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> model.run(inputs, cancellation))
                    .withMessage("input half is missing");
            inputs.put("half", Tensor.zeros(1, 2));
            inputs.put("other", Tensor.zeros(1));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> model.run(inputs, cancellation))
                    .withMessageContaining("other");
        }
    }

    @Test
    void run_differentBatchesInOneCall_failsAndFreesEverything() {
        try (OrtModel model = OrtModel.load(GRAPHS.resolve("loop.onnx"), SETTINGS)) {
            Map<String, Tensor> inputs = Map.of("x", Tensor.zeros(2, 3), "count", Tensor.scalar(2));
            assertThatExceptionOfType(InferenceException.class).isThrownBy(() -> model.run(inputs, cancellation));
            assertThat(LiveHandles.count()).isEqualTo(1);
        }
    }

    @Test
    @Timeout(60)
    void run_cancelledFromAnotherThread_stopsWithinTheCall() throws InterruptedException {
        try (OrtModel model = OrtModel.load(GRAPHS.resolve("loop.onnx"), SETTINGS)) {
            Map<String, Tensor> endless = Map.of("x", Tensor.zeros(64, 64), "count", Tensor.scalar(1 << 24));
            CompletableFuture<Map<String, Tensor>> call =
                    CompletableFuture.supplyAsync(() -> model.run(endless, cancellation));
            while (LiveHandles.count() < 4) { // the session, two inputs and the call's own options
                Thread.onSpinWait();
            }
            cancellation.cancel();
            assertThatExceptionOfType(ExecutionException.class)
                    .isThrownBy(() -> call.get(30, TimeUnit.SECONDS))
                    .withCauseInstanceOf(CancellationException.class);
            assertThat(model.run(Map.of("x", Tensor.zeros(2, 2), "count", Tensor.scalar(3)), new Cancellation()))
                    .containsKey("y");
        }
    }

    @Test
    void run_afterCancel_doesNotStart() {
        cancellation.cancel();
        try (OrtModel model = OrtModel.load(GRAPHS.resolve("loop.onnx"), SETTINGS)) {
            assertThatExceptionOfType(CancellationException.class)
                    .isThrownBy(() ->
                            model.run(Map.of("x", Tensor.zeros(2, 2), "count", Tensor.scalar(1 << 24)), cancellation));
        }
    }

    @Test
    void run_repeatedAndOnMoreThreads_givesTheSameBytes() {
        Map<String, Tensor> inputs = Map.of("x", GaussianNoise.seeded(1).next(96, 96), "count", Tensor.scalar(5));
        try (OrtModel one = OrtModel.load(GRAPHS.resolve("loop.onnx"), SETTINGS);
                OrtModel three =
                        OrtModel.load(GRAPHS.resolve("loop.onnx"), new SessionSettings(ExecutionProvider.CPU, 3))) {
            Map<String, Tensor> first = one.run(inputs, cancellation);
            assertThat(one.run(inputs, cancellation)).isEqualTo(first);
            assertThat(three.run(inputs, cancellation)).isEqualTo(first);
        }
    }

    @Test
    void run_besideAnotherOnSharedThreads_givesTheSameBytes() throws Exception {
        Map<String, Tensor> inputs = Map.of("x", GaussianNoise.seeded(1).next(96, 96), "count", Tensor.scalar(50));
        try (OrtModel model =
                        OrtModel.load(GRAPHS.resolve("loop.onnx"), new SessionSettings(ExecutionProvider.CPU, 2));
                ExecutorService threads = Executors.newFixedThreadPool(4)) {
            Map<String, Tensor> alone = model.run(inputs, cancellation);
            model.shareThreads(2);
            assertThat(LiveHandles.count()).isEqualTo(2);
            for (var beside : threads.invokeAll(Collections.nCopies(8, () -> model.run(inputs, new Cancellation())))) {
                assertThat(beside.get()).isEqualTo(alone);
            }
        }
        assertThat(LiveHandles.count()).isZero();
    }

    @Test
    void shareThreads_withOneRunOrOneThread_hasNoSecondSession() {
        try (OrtModel two = OrtModel.load(GRAPHS.resolve("loop.onnx"), new SessionSettings(ExecutionProvider.CPU, 2));
                OrtModel one = OrtModel.load(GRAPHS.resolve("loop.onnx"), SETTINGS)) {
            one.shareThreads(2);
            assertThat(LiveHandles.count()).isEqualTo(2);
            two.shareThreads(2);
            assertThat(LiveHandles.count()).isEqualTo(3);
            two.shareThreads(1);
            assertThat(LiveHandles.count()).isEqualTo(2);
        }
    }

    @Test
    void run_twoHundredTimes_leavesNoHandle() {
        try (OrtModel model = OrtModel.load(GRAPHS.resolve("types.onnx"), SETTINGS)) {
            for (int i = 0; i < 200; i++) {
                model.run(everyType(new float[] {i, i}), cancellation);
            }
            assertThat(LiveHandles.count()).isEqualTo(1);
        }
    }

    @Test
    void close_twice_countsOnce() {
        OrtModel model = OrtModel.load(GRAPHS.resolve("types.onnx"), SETTINGS);
        model.close();
        model.close();
        assertThat(LiveHandles.count()).isZero();
    }

    @Test
    void load_missingOrForeignFile_isRefused() {
        assertThatExceptionOfType(InferenceException.class)
                .isThrownBy(() -> OrtModel.load(GRAPHS.resolve("none.onnx"), SETTINGS))
                .withMessageStartingWith("cannot load none.onnx");
        assertThatExceptionOfType(InferenceException.class)
                .isThrownBy(() -> OrtModel.load(GRAPHS.resolve("versions.json"), SETTINGS));
    }

    @Test
    void run_flags_areOnesAndZeros() {
        try (OrtModel model = OrtModel.load(GRAPHS.resolve("flags.onnx"), SETTINGS)) {
            Map<String, Tensor> outputs =
                    model.run(Map.of("mask", Tensor.of(new float[] {1, 0, 3}, 1, 3)), new Cancellation());
            assertThat(outputs.get("inverse")).isEqualTo(Tensor.of(new float[] {0, 1, 0}, 1, 3));
        }
    }

    @Test
    void run_someOutputsWanted_givesThemAlone() {
        try (OrtModel model = OrtModel.load(GRAPHS.resolve("types.onnx"), SETTINGS)) {
            Map<String, Tensor> outputs =
                    model.run(everyType(new float[] {1, 2}), Set.of("int_out"), new Cancellation());
            assertThat(outputs).containsOnlyKeys("int_out");
            assertThat(outputs.get("int_out")).isEqualTo(Tensor.of(new float[] {2, 4}, 1, 2));
        }
    }

    @Test
    void load_cudaWithoutTheBuildForIt_namesTheProfile() {
        Assumptions.assumeFalse(OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA));
        assertThatExceptionOfType(InferenceException.class)
                .isThrownBy(() ->
                        OrtModel.load(GRAPHS.resolve("types.onnx"), new SessionSettings(ExecutionProvider.CUDA, 1)))
                .withMessageContaining("Maven profile gpu");
    }

    private static Map<String, Tensor> everyType(float[] values) {
        Map<String, Tensor> inputs = new HashMap<>();
        for (ElementType type : EnumSet.complementOf(EnumSet.of(ElementType.BOOL))) {
            inputs.put(
                    switch (type) {
                        case FLOAT16 -> "half";
                        case FLOAT32 -> "float";
                        case FLOAT64 -> "double";
                        case INT32 -> "int";
                        case INT64 -> "long";
                        case BOOL -> throw new AssertionError("has a graph of its own");
                    },
                    Tensor.of(values, 1, 2));
        }
        return inputs;
    }

    @Test
    @Timeout(value = 2, unit = TimeUnit.MINUTES)
    void load_longCommandLine_doesNotOverflowTheStack() throws Exception {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-Dfiller=" + "x".repeat(100_000),
                        "-cp",
                        System.getProperty("java.class.path"),
                        LoadsOne.class.getName())
                .inheritIO()
                .start();
        assertThat(child.waitFor()).isZero();
    }

    /** A program that loads a graph. */
    static final class LoadsOne {
        public static void main(String[] args) {
            OrtModel.load(GRAPHS.resolve("types.onnx"), SETTINGS).close();
        }
    }
}
