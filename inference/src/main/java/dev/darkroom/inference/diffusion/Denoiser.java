// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Predicts noise for rows: one latent, or one tile of it, at one timestep under one prompt. The unit is the row because rows of unlike
 * pictures may share a network call, and because a row's answer must not depend on its company: the same seed gives the same bytes
 * alone, in a batch, and beside other requests.
 *
 * <p>Thread-safe.
 *
 * @param <R> one question to the network
 */
public final class Denoiser<R> {
    private final Network<R> network;
    private final int rowsPerCall;

    private Denoiser(Network<R> network, int rowsPerCall) {
        this.network = network;
        this.rowsPerCall = rowsPerCall;
    }

    /** One call of a network. */
    @FunctionalInterface
    public interface Network<R> {
        /** Answers rows of one shape with (rows, C, h, w), in order. */
        Tensor predict(List<R> rows, Cancellation cancellation);
    }

    /**
     * Asks the network for the probe's rows together and for the last of them alone; this also warms it. If the bits differ, this
     * runtime does not compute rows independently, and every row gets a call of its own from then on.
     *
     * @param probe at least two rows
     */
    public static <R> Denoiser<R> probed(Network<R> network, List<R> probe, int rowsPerCall) {
        Tensor together = new Denoiser<>(network, probe.size())
                .predict(probe, new Cancellation())
                .getLast();
        Tensor alone = new Denoiser<>(network, 1)
                .predict(List.of(probe.getLast()), new Cancellation())
                .getLast();
        return new Denoiser<>(network, together.equals(alone) ? rowsPerCall : 1);
    }

    public int rowsPerCall() {
        return rowsPerCall;
    }

    /** Returns what the network says of each row, (1, C, h, w) each, in order. All rows have one shape. */
    public List<Tensor> predict(List<R> rows, Cancellation cancellation) {
        List<Tensor> predictions = new ArrayList<>(rows.size());
        for (int from = 0; from < rows.size(); from += rowsPerCall) {
            cancellation.check();
            Tensor answer =
                    network.predict(rows.subList(from, Math.min(from + rowsPerCall, rows.size())), cancellation);
            IntStream.range(0, answer.dim(0)).mapToObj(answer::row).forEach(predictions::add);
        }
        return predictions;
    }

    /** Joins one tensor (1, ...) of each row to (rows, ...), for a {@link Network}. */
    public static <R> Tensor stack(List<R> rows, Function<R, Tensor> part) {
        return Tensor.concat(rows.stream().map(part).toList());
    }

    /** Collects one number of each row, for a {@link Network}. */
    public static <R> float[] numbers(List<R> rows, ToDoubleFunction<R> number) {
        float[] numbers = new float[rows.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) number.applyAsDouble(rows.get(i));
        }
        return numbers;
    }
}
