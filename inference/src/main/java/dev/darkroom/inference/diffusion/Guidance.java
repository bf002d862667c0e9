// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.tensor.Tensor;

/**
 * Classifier-free guidance, eq. 6 of Ho and Salimans 2022 (arXiv:2207.12598) in the form of Imagen's eq. 4, where a scale of 1
 * means none.
 *
 * @param scale how far to go from the negative prompt's prediction to the prompt's, and beyond
 * @param rescale 0 to 1: how much of the overexposure to take back, section 3.4 of Lin et al. 2023 (arXiv:2305.08891)
 * @param start 0 to 1: the share of the steps before which there is none, Kynkaanniemi et al. 2024 (arXiv:2404.07724)
 * @param end {@code start} to 1: the share of the steps from which on there is none
 */
public record Guidance(float scale, float rescale, double start, double end) {
    /** Guides every step. */
    public Guidance(float scale, float rescale) {
        this(scale, rescale, 0, 1);
    }

    /** Whether the negative prompt is asked for at all. */
    public boolean enabled() {
        return scale > 1;
    }

    /**
     * Whether it is asked for at a step. Shares are cut to whole steps, as diffusers' {@code ClassifierFreeGuidance} does.
     *
     * @param step from 0
     * @param of how many steps are made
     */
    public boolean enabledAt(int step, int of) {
        return enabled() && (int) (start * of) <= step && step < (int) (end * of);
    }

    /** Combines two predictions (1, C, h, w) for one picture. */
    public Tensor apply(Tensor negative, Tensor positive) {
        Tensor guided = Tensor.plus(negative, scale, Tensor.minus(positive, negative));
        if (rescale == 0) {
            return guided;
        }
        Tensor rescaled = Tensor.scale(standardDeviation(positive) / standardDeviation(guided), guided);
        return Tensor.combine(rescale, rescaled, 1 - rescale, guided);
    }

    /** Unbiased, over everything, as torch.std. */
    private static float standardDeviation(Tensor x) {
        double mean = 0;
        for (float value : x.data()) {
            mean += value;
        }
        mean /= x.size();
        double squares = 0;
        for (float value : x.data()) {
            squares += (value - mean) * (value - mean);
        }
        return (float) Math.sqrt(squares / (x.size() - 1));
    }
}
