// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.tensor.Tensor;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * A U-Net or a transformer with its inputs bound by meaning, in whichever dialect the graph was exported. Thread-safe; whoever loaded
 * the model closes it.
 */
public final class DenoisingNetwork {
    private final OnnxModel model;
    private final Map<NetworkInput, TensorSpec> inputs;
    private final TensorSpec output;
    private final int channels;
    private final TimestepForm timestep;

    private DenoisingNetwork(OnnxModel model, Map<NetworkInput, TensorSpec> inputs, TensorSpec output, int channels) {
        this.model = model;
        this.inputs = inputs;
        this.output = output;
        this.channels = channels;
        this.timestep = form(NetworkInput.TIMESTEP);
    }

    /**
     * Binds a graph.
     *
     * @param rank of its latents: 4, or 5 of a video
     * @param expected every input that it must have, and no other
     * @param sampleChannels what its latents have, other channels included
     * @param reason why, for the message
     * @param channels of latents; a graph with twice as many outputs predicts variances too, which are dropped
     */
    static DenoisingNetwork of(
            GraphCheck check, int rank, Set<NetworkInput> expected, int sampleChannels, String reason, int channels) {
        Map<NetworkInput, TensorSpec> inputs = new EnumMap<>(NetworkInput.class);
        NetworkInput latents = NetworkInput.LATENTS;
        check.dimension(check.input(latents.names(), latents.types(), rank), 1, sampleChannels, reason);
        for (NetworkInput input : EnumSet.copyOf(expected)) {
            inputs.put(input, check.input(input.names(), input.types(), input.ranks()));
        }
        check.onlyInputs(inputs.values().stream().map(TensorSpec::name).toList());
        TensorSpec output = check.onlyOutput("out_sample", GraphCheck.FLOATS, rank);
        check.rows(Objects.requireNonNull(inputs.get(latents)));
        return new DenoisingNetwork(check.model(), inputs, output, channels);
    }

    /** Returns an input as the graph declares it. */
    TensorSpec input(NetworkInput input) {
        return Objects.requireNonNull(inputs.get(input), input::toString);
    }

    TensorSpec output() {
        return output;
    }

    /** Tells whether the network is told this. */
    public boolean takes(NetworkInput input) {
        return inputs.containsKey(input);
    }

    /** Returns how it takes its timestep: rows of unlike timesteps can share a call only where each has its own. */
    public TimestepForm timestep() {
        return timestep;
    }

    /** Tells whether each row has this number for itself, rather than all rows of a call the same. */
    public boolean takesPerRow(NetworkInput number) {
        return form(number) == TimestepForm.PER_ROW;
    }

    /** Tells whether timesteps must be whole numbers, because the graph takes integers. */
    public boolean takesWholeTimesteps() {
        return GraphCheck.INTEGERS.contains(input(NetworkInput.TIMESTEP).type());
    }

    /** Tells whether the graph was exported for one row a call. */
    public boolean takesSingleRows() {
        return input(NetworkInput.LATENTS).dim(0) == 1;
    }

    /** Returns the only height of latents that the graph takes, or -1 if it takes any. */
    public int fixedHeight() {
        return fromLast(2);
    }

    /** Returns the only width of latents that the graph takes, or -1 if it takes any. */
    public int fixedWidth() {
        return fromLast(1);
    }

    /** Returns the only number of frames that a video's graph takes, or -1 if it takes any. */
    public int fixedFrames() {
        return fromLast(3);
    }

    private int fromLast(int axis) {
        TensorSpec latents = input(NetworkInput.LATENTS);
        return (int) latents.dim(latents.rank() - axis);
    }

    private TimestepForm form(NetworkInput input) {
        return TimestepForm.of(input(input), input(NetworkInput.LATENTS));
    }

    /**
     * Returns the prediction for latents (N, C, h, w), or (N, C, F, h, w) of a video, of the same shape.
     *
     * @param timesteps one per row; all equal unless {@link #timestep} is {@link TimestepForm#PER_ROW}
     * @param conditions everything else that the network takes, by rows
     * @throws IllegalArgumentException if one is missing, or of another shape than the graph's
     */
    public Tensor predict(
            Tensor latents, float[] timesteps, Map<NetworkInput, Tensor> conditions, Cancellation cancellation) {
        int rows = latents.dim(0);
        Map<String, Tensor> values = new HashMap<>();
        values.put(input(NetworkInput.LATENTS).name(), latents);
        values.put(input(NetworkInput.TIMESTEP).name(), timestep.tensor("time step", timesteps, rows));
        conditions.forEach((input, value) -> values.put(input(input).name(), value(input, value, rows)));
        Tensor predicted = Objects.requireNonNull(
                model.run(values, Set.of(output.name()), cancellation).get(output.name()));
        return predicted.dim(1) == channels ? predicted : Tensor.channels(predicted, 0, channels);
    }

    /** As {@link OnnxModel#shareThreads}. */
    public void shareThreads(int calls) {
        model.shareThreads(calls);
    }

    private Tensor value(NetworkInput input, Tensor value, int rows) {
        return input == NetworkInput.NOISE_LEVEL ? form(input).tensor("noise level", value.data(), rows) : value;
    }
}
