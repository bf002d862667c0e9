// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.onnx.DenoisingNetwork;
import dev.darkroom.inference.onnx.NetworkInput;
import dev.darkroom.inference.tensor.Tensor;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Predicts noise for rows. The unit is the row because rows of unlike pictures may share a network call, and because a row's answer must not
 * depend on its company: the same seed gives the same bytes alone, in a batch, and beside other requests.
 *
 * <p>Thread-safe.
 */
public final class Denoiser {
    private final DenoisingNetwork network;
    private final int rowsPerCall;

    private Denoiser(DenoisingNetwork network, int rowsPerCall) {
        this.network = network;
        this.rowsPerCall = rowsPerCall;
    }

    /**
     * Asks the network for the probe's rows together and for the last of them alone; this also warms it. If the bits differ, this
     * runtime does not compute rows independently, and every row gets a call of its own from then on.
     *
     * @param probe at least two rows that can share a call
     */
    public static Denoiser probed(DenoisingNetwork network, List<Row> probe, int rowsPerCall) {
        Denoiser single = new Denoiser(network, 1);
        Tensor alone = single.predict(probe.subList(probe.size() - 1, probe.size()), new Cancellation())
                .getLast();
        if (network.takesSingleRows()) {
            return single;
        }
        Tensor together = new Denoiser(network, probe.size())
                .predict(probe, new Cancellation())
                .getLast();
        return together.equals(alone) ? new Denoiser(network, rowsPerCall) : single;
    }

    public int rowsPerCall() {
        return rowsPerCall;
    }

    /** Returns what the network says of each row, (1, C, h, w) each, in order. All rows have tensors of the same shapes. */
    public List<Tensor> predict(List<Row> rows, Cancellation cancellation) {
        List<Tensor> predictions = new ArrayList<>(rows.size());
        for (int from = 0; from < rows.size(); from += rowsPerCall) {
            cancellation.check();
            Tensor answer = call(rows.subList(from, Math.min(from + rowsPerCall, rows.size())), cancellation);
            IntStream.range(0, answer.dim(0)).mapToObj(answer::row).forEach(predictions::add);
        }
        return predictions;
    }

    private Tensor call(List<Row> rows, Cancellation cancellation) {
        float[] timesteps = new float[rows.size()];
        for (int i = 0; i < timesteps.length; i++) {
            timesteps[i] = rows.get(i).timestep();
        }
        Map<NetworkInput, Tensor> conditions = new EnumMap<>(NetworkInput.class);
        for (NetworkInput input : rows.getFirst().conditions().keySet()) {
            conditions.put(
                    input,
                    Tensor.concat(rows.stream().map(row -> row.condition(input)).toList()));
        }
        Tensor latents = Tensor.concat(rows.stream().map(Row::latents).toList());
        return network.predict(latents, timesteps, conditions, cancellation);
    }
}
