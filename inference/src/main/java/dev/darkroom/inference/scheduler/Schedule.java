// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.function.Supplier;

/**
 * The steps of one generation, noisiest first. Immutable and thread-safe: every method is a function of its arguments.
 *
 * <p>Tensors are float32, batch first. Steps are counted from 0 to {@link #length()} - 1.
 */
public interface Schedule {
    int length();

    /** Returns the timestep that the network is asked at; whole for DDIM and DDPM, any value for Euler. */
    float timestep(int step);

    /** Returns the standard deviation that the first latents have; 1 where the sampler preserves variance. */
    default float initNoiseSigma() {
        return 1;
    }

    /** Returns what the network sees of {@code latents}, of the same shape; themselves where the sampler preserves variance. */
    default Tensor scaleModelInput(Tensor latents, int step) {
        return latents;
    }

    /**
     * Removes the noise of one step.
     *
     * @param modelOutput what the network said, after guidance
     * @param noise draws standard normal noise shaped like {@code latents}; called at most once, and only where the step is stochastic
     */
    SchedulerOutput step(Tensor modelOutput, Tensor latents, int step, Supplier<Tensor> noise);
}
