// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.onnx;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** A loaded graph. Thread-safe; {@link #close} only when no {@link #run} is in progress. */
public interface OnnxModel extends AutoCloseable {
    /** Returns the inputs that {@link #run} needs, in the graph's order. */
    List<TensorSpec> inputs();

    /** Returns the outputs that {@link #run} gives, in the graph's order. */
    List<TensorSpec> outputs();

    /**
     * Runs the graph once. Values pass as float32 and are converted to and from the graph's own types: exact for float32 and for
     * integers up to 2^24 (token ids, time steps), rounded to nearest even for float16.
     *
     * @param inputs one tensor for each of {@link #inputs()}, by name
     * @return one tensor for each of {@link #outputs()}, by name; the caller owns them
     * @throws IllegalArgumentException if an input is missing, unknown, of another rank or fixed dimension than declared, or not
     *     a whole number where the graph takes integers
     * @throws java.util.concurrent.CancellationException within one graph node after {@code cancellation} is cancelled
     * @throws InferenceException if the runtime fails
     */
    default Map<String, Tensor> run(Map<String, Tensor> inputs, Cancellation cancellation) {
        return run(
                inputs, outputs().stream().map(TensorSpec::name).collect(Collectors.toUnmodifiableSet()), cancellation);
    }

    /**
     * As {@link #run(Map, Cancellation)}, for some of the outputs; what only the others need is not computed.
     *
     * @param wanted names of {@link #outputs()}
     */
    Map<String, Tensor> run(Map<String, Tensor> inputs, Set<String> wanted, Cancellation cancellation);

    /**
     * Prepares for runs at the same time: from now on one that begins beside another, of whatever model, computes on its share of the threads.
     * Takes the memory of the weights once more. Not to be called while a run of this model is in progress.
     *
     * @param runs at the same time; with 1 each has all threads again
     */
    void shareThreads(int runs);

    @Override
    void close();
}
