// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;

/**
 * The exponential integrator of DPM-Solver (Lu et al. 2022, arXiv:2206.00927, eq. 3.7 and algorithm 2) and DPM-Solver++ (Lu et al. 2022,
 * arXiv:2211.01095, eq. 9, 12 and appendix A) from one noise level to another, as factors of the sample and of the Taylor terms D0, D1,
 * D2 of the converted answers. Arithmetic is float32, as in torch.
 *
 * @param midpoint factor of D1 where the second order is the midpoint rule's
 * @param d1 factor of D1 otherwise
 * @param noise factor of fresh noise; 0 where the equation is deterministic
 */
record DpmSolverUpdate(float sample, float d0, float midpoint, float d1, float d2, float noise) {
    /** How the second order is found. */
    enum SolverType {
        MIDPOINT,
        HEUN;

        /** Reads {@code solver_type}; those of DEIS and UniPC mean the midpoint rule, as in diffusers. */
        static SolverType of(SchedulerConfig config) {
            return switch (config.text("solver_type", "midpoint")) {
                case "logrho", "bh1", "bh2" -> MIDPOINT;
                default -> config.choice("solver_type", MIDPOINT);
            };
        }
    }

    static DpmSolverUpdate between(DpmSolverAlgorithm algorithm, NoiseLevel from, NoiseLevel to) {
        float h = to.lambda() - from.lambda();
        float alphas = to.alpha() / from.alpha();
        float sigmas = to.sigma() / from.sigma();
        float alpha = to.alpha();
        float sigma = to.sigma();
        return switch (algorithm) {
            case DPMSOLVER_PLUS_PLUS -> {
                float phi = exp(-h) - 1;
                yield new DpmSolverUpdate(
                        sigmas,
                        -(alpha * phi),
                        -(0.5f * (alpha * phi)),
                        alpha * (phi / h + 1),
                        -(alpha * ((phi + h) / (h * h) - 0.5f)),
                        0);
            }
            case DPMSOLVER -> {
                float phi = exp(h) - 1;
                yield new DpmSolverUpdate(
                        alphas,
                        -(sigma * phi),
                        -(0.5f * (sigma * phi)),
                        -(sigma * (phi / h - 1)),
                        -(sigma * ((phi - h) / (h * h) - 0.5f)),
                        0);
            }
            case SDE_DPMSOLVER_PLUS_PLUS -> {
                float phi = 1 - exp(-2 * h);
                yield new DpmSolverUpdate(
                        sigmas * exp(-h),
                        alpha * phi,
                        0.5f * (alpha * phi),
                        alpha * (phi / (-2 * h) + 1),
                        alpha * ((phi - 2 * h) / (2 * h * (2 * h)) - 0.5f),
                        sigma * NoiseSchedules.sqrt(phi));
            }
            case SDE_DPMSOLVER -> {
                float phi = exp(h) - 1;
                yield new DpmSolverUpdate(
                        alphas,
                        -2 * (sigma * phi),
                        -(sigma * phi),
                        -2 * (sigma * (phi / h - 1)),
                        Float.NaN, // no third order
                        sigma * NoiseSchedules.sqrt(exp(2 * h) - 1));
            }
        };
    }

    private static float exp(float x) {
        return (float) Math.exp(x);
    }

    Tensor first(Tensor latents, Tensor order0) {
        return Tensor.combine(sample, latents, d0, order0);
    }

    Tensor second(Tensor latents, Tensor order0, Tensor order1, SolverType type) {
        return Tensor.plus(
                first(latents, order0),
                switch (type) {
                    case MIDPOINT -> midpoint;
                    case HEUN -> d1;
                },
                order1);
    }

    Tensor third(Tensor latents, Tensor order0, Tensor order1, Tensor order2) {
        return Tensor.plus(second(latents, order0, order1, SolverType.HEUN), d2, order2);
    }
}
