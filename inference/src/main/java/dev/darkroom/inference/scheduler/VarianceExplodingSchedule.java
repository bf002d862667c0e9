// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;

/**
 * The steps of a sampler that computes in {@link VarianceExploding} form; what a step does is the sampler's. With an order of 2, step 2k is the
 * first call of inference step k and step 2k + 1 its second, and the last inference step has one call.
 */
abstract class VarianceExplodingSchedule implements Schedule {
    private final float[] timesteps; // of each call
    private final float[] sigmas; // longer than the inference steps: sigmas[k + 1] is where inference step k arrives
    private final TimestepSpacing spacing;
    private final int order;

    VarianceExplodingSchedule(float[] timesteps, float[] sigmas, TimestepSpacing spacing, int order) {
        this.timesteps = timesteps;
        this.sigmas = sigmas;
        this.spacing = spacing;
        this.order = order;
    }

    /** Returns the level at which inference step {@code k} begins, which is where the one before arrives. */
    final float level(int k) {
        return sigmas[k];
    }

    /** Returns the level at which the network is asked. */
    float sigma(int step) {
        return sigmas[step];
    }

    @Override
    public final int length() {
        return timesteps.length;
    }

    @Override
    public final float timestep(int step) {
        return timesteps[step];
    }

    @Override
    public final int order() {
        return order;
    }

    @Override
    public final float initNoiseSigma() {
        return VarianceExploding.initNoiseSigma(sigmas, spacing);
    }

    @Override
    public final Tensor scaleModelInput(Tensor latents, int step) {
        return VarianceExploding.modelInput(latents, sigma(step));
    }

    @Override
    public final Tensor addNoise(Tensor original, Tensor noise, int step) {
        return VarianceExploding.addNoise(original, noise, sigmas[Math.ceilDiv(step, order)]);
    }
}
