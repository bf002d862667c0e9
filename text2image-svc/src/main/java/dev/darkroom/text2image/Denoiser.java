// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.onnx.StableDiffusionModel;
import dev.darkroom.inference.tensor.GaussianNoise;
import dev.darkroom.inference.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Predicts noise for rows: one latent at one timestep under one prompt. The unit is the row because rows of unlike pictures may
 * share a network call, and because a row's answer must not depend on its company: the same seed gives the same bytes alone, in a
 * batch, and beside other requests.
 *
 * <p>Thread-safe.
 */
final class Denoiser {
    /** Side of the latents that the probe uses at most, so that it stays quick on large models. */
    private static final int PROBE_SIZE = 16;

    private final StableDiffusionModel networks;
    private final int rowsPerCall;

    private Denoiser(StableDiffusionModel networks, int rowsPerCall) {
        this.networks = networks;
        this.rowsPerCall = rowsPerCall;
    }

    /**
     * One question to the network.
     *
     * @param latents (1, C, h, w), scaled for the timestep
     * @param promptEmbeds (1, L, D)
     */
    record Row(Tensor latents, float timestep, Tensor promptEmbeds) {}

    /**
     * Asks the network for four rows together and for the last of them alone; this also warms it. If the bits differ, this runtime
     * does not compute rows independently, and every row gets a call of its own from then on.
     */
    static Denoiser probed(StableDiffusionModel networks, int rowsPerCall) {
        List<Row> rows = probeRows(networks);
        Tensor together = new Denoiser(networks, rows.size())
                .predict(rows, new Cancellation())
                .getLast();
        Tensor alone = new Denoiser(networks, 1)
                .predict(List.of(rows.getLast()), new Cancellation())
                .getLast();
        return new Denoiser(networks, together.equals(alone) ? rowsPerCall : 1);
    }

    private static List<Row> probeRows(StableDiffusionModel networks) {
        GaussianNoise noise = GaussianNoise.seeded(0);
        var traits = networks.traits();
        int size = probeSize(traits);
        Tensor embeds = networks.encode(networks.tokenizer().encode("").ids(), new Cancellation());
        return IntStream.range(0, 4)
                .mapToObj(_ -> new Row(noise.next(1, traits.latentChannels(), size, size), 500, embeds))
                .toList();
    }

    static int probeSize(StableDiffusionModel.Traits traits) {
        return Math.min(PROBE_SIZE, traits.latentSize());
    }

    int rowsPerCall() {
        return rowsPerCall;
    }

    /** Returns what the network says of each row, (1, C, h, w) each, in order. All rows have latents and embeddings of one shape. */
    List<Tensor> predict(List<Row> rows, Cancellation cancellation) {
        List<Tensor> predictions = new ArrayList<>(rows.size());
        for (int from = 0; from < rows.size(); from += rowsPerCall) {
            Tensor answer = call(rows.subList(from, Math.min(from + rowsPerCall, rows.size())), cancellation);
            IntStream.range(0, answer.dim(0)).mapToObj(answer::row).forEach(predictions::add);
        }
        return predictions;
    }

    private Tensor call(List<Row> rows, Cancellation cancellation) {
        cancellation.check();
        float[] timesteps = new float[rows.size()];
        for (int i = 0; i < timesteps.length; i++) {
            timesteps[i] = rows.get(i).timestep();
        }
        return networks.denoise(
                Tensor.concat(rows.stream().map(Row::latents).toList()),
                timesteps,
                Tensor.concat(rows.stream().map(Row::promptEmbeds).toList()),
                cancellation);
    }
}
