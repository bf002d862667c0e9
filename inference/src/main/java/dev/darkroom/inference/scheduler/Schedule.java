// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.function.Supplier;

/**
 * The steps of one generation, noisiest first, one for each call of the network. Immutable and thread-safe: every method is a function
 * of its arguments.
 *
 * <p>Tensors are float32, batch first, and no row depends on another. Steps are counted from 0 to {@link #length()} - 1.
 */
public interface Schedule {
    /** Returns the number of steps; samplers that ask the network more than once have more of them than were asked for. */
    int length();

    /** Returns the timestep that the network is asked at; whole for some samplers, any value for others. */
    float timestep(int step);

    /** Returns the standard deviation that the first latents have; 1 where the sampler preserves variance. */
    default float initNoiseSigma() {
        return 1;
    }

    /** Returns what the network sees of {@code latents}, of the same shape; themselves where the sampler preserves variance. */
    default Tensor scaleModelInput(Tensor latents, int step) {
        return latents;
    }

    /** Returns how often the network is asked per inference step: 2 for the second-order samplers Heun, DPM2 and DPM++ SDE. */
    default int order() {
        return 1;
    }

    /**
     * Returns the step that a generation starts at which keeps some of a picture; {@link #length()} where it keeps all.
     *
     * @param numInferenceSteps as they were asked for
     * @param strength 0 keeps the picture, 1 starts from noise
     */
    default int firstStep(int numInferenceSteps, double strength) {
        return (numInferenceSteps - Math.min((int) (numInferenceSteps * strength), numInferenceSteps)) * order();
    }

    /**
     * Returns clean latents with the noise of a step, where a loop with an empty history may start.
     *
     * @param noise standard normal, shaped like {@code original}
     * @param step a multiple of {@link #order()}
     */
    Tensor addNoise(Tensor original, Tensor noise, int step);

    /**
     * Removes the noise of one step.
     *
     * @param modelOutput what the network said, after guidance
     * @param history what the step before returned, or {@link History#EMPTY} for the first of a loop, whichever step that is
     * @param noise draws standard normal noise shaped like {@code latents}; called at most once, and only where the step is stochastic
     */
    SchedulerOutput step(Tensor modelOutput, Tensor latents, int step, History history, Supplier<Tensor> noise);
}
