// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import java.util.Arrays;

/** Which differential equation is solved, in the noise (DPM-Solver) or in the clean sample (DPM-Solver++). */
enum DpmSolverAlgorithm {
    DPMSOLVER("dpmsolver", false, false),
    DPMSOLVER_PLUS_PLUS("dpmsolver++", true, false),
    SDE_DPMSOLVER("sde-dpmsolver", false, true),
    SDE_DPMSOLVER_PLUS_PLUS("sde-dpmsolver++", true, true);

    private static final String KEY = "algorithm_type";

    private final String option;
    private final boolean predictsOriginal;
    private final boolean stochastic;

    DpmSolverAlgorithm(String option, boolean predictsOriginal, boolean stochastic) {
        this.option = option;
        this.predictsOriginal = predictsOriginal;
        this.stochastic = stochastic;
    }

    /** Reads {@code algorithm_type}; DEIS's own value means DPM-Solver++, as in diffusers. */
    static DpmSolverAlgorithm of(SchedulerConfig config) {
        String value = config.text(KEY, DPMSOLVER_PLUS_PLUS.option);
        return Arrays.stream(values())
                .filter(algorithm -> algorithm.option.equals(value.equals("deis") ? DPMSOLVER_PLUS_PLUS.option : value))
                .findFirst()
                .orElseThrow(() -> SchedulerConfig.unknown(
                        KEY,
                        value,
                        Arrays.stream(values())
                                .map(algorithm -> algorithm.option)
                                .toList()));
    }

    /** Tells whether the converted answers are clean samples, not noise. */
    boolean predictsOriginal() {
        return predictsOriginal;
    }

    boolean stochastic() {
        return stochastic;
    }

    /** Returns the stochastic or the deterministic variant of this algorithm. */
    DpmSolverAlgorithm stochastic(boolean wanted) {
        return switch (this) {
            case DPMSOLVER, SDE_DPMSOLVER -> wanted ? SDE_DPMSOLVER : DPMSOLVER;
            case DPMSOLVER_PLUS_PLUS, SDE_DPMSOLVER_PLUS_PLUS -> wanted ? SDE_DPMSOLVER_PLUS_PLUS : DPMSOLVER_PLUS_PLUS;
        };
    }

    /** Refuses an end without noise for the algorithms that compute in the noise. */
    void requireEnd(FinalSigma end) {
        if (!predictsOriginal && end == FinalSigma.ZERO) {
            throw new IllegalArgumentException(
                    "scheduler option final_sigmas_type is zero, which algorithm_type " + option + " does not have");
        }
    }
}
