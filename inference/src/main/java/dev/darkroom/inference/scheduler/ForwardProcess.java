// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;

/**
 * Adds the noise of a training timestep in one go, eq. 4 of Ho et al. 2020 (arXiv:2006.11239). Numerically equal to
 * {@code DDPMScheduler.add_noise} of diffusers for the same configuration. Immutable and thread-safe.
 */
public final class ForwardProcess {
    private final float[] alphasCumprod; // abar of each training timestep

    private ForwardProcess(float[] alphasCumprod) {
        this.alphasCumprod = alphasCumprod;
    }

    /**
     * Reads a configuration as DDPM does.
     *
     * @throws IllegalArgumentException naming the option if it has a value that is not known
     */
    public static ForwardProcess of(SchedulerConfig config) {
        return new ForwardProcess(NoiseSchedules.alphasCumprod(config, NoiseSchedules.DDPM));
    }

    /** Returns x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps; even {@code timestep} 0 has a little noise. */
    public Tensor addNoise(Tensor original, Tensor noise, int timestep) {
        return noised(original, noise, alphasCumprod[timestep]);
    }

    static Tensor noised(Tensor original, Tensor noise, float alphaProd) {
        return Tensor.combine(NoiseSchedules.sqrt(alphaProd), original, NoiseSchedules.sqrt(1 - alphaProd), noise);
    }
}
