// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import java.util.Arrays;
import java.util.stream.IntStream;

/** Where UniPC's steps lie. */
final class UniPcGrid {
    private static final double NOT_QUITE_NOISE = 1e-6; // a straight path's first level stays this far below 1

    private final TrainingSigmas training;
    private final SigmaSpacing sigmaSpacing;
    private final TimestepSpacing spacing;
    private final int stepsOffset;
    private final FinalSigma finalSigma;
    private final boolean flow;
    private final FlowShift shift;

    UniPcGrid(SchedulerConfig config, FlowShift shift) {
        this.training = new TrainingSigmas(NoiseSchedules.positiveAlphasCumprod(config, NoiseSchedules.STANDARD));
        this.sigmaSpacing = SigmaSpacing.of(config);
        this.spacing = config.choice("timestep_spacing", TimestepSpacing.LINSPACE);
        this.stepsOffset = config.integer("steps_offset", 0);
        this.finalSigma = config.choice("final_sigmas_type", FinalSigma.ZERO);
        this.flow = config.flag("use_flow_sigmas", false);
        this.shift = shift;
        if (shift.terminal() != 0 && !flow) {
            throw new IllegalArgumentException("scheduler option shift_terminal needs use_flow_sigmas");
        }
    }

    SolverPoints points(StepPlan plan) {
        shift.requireSize();
        return switch (plan) {
            case StepPlan.Count(int steps) -> points(steps);
            case StepPlan.Sigmas custom
            when flow -> {
                sigmaSpacing.refuseBeside("sigmas");
                yield flow(custom.sigmas().stream()
                        .mapToDouble(Double::doubleValue)
                        .toArray());
            }
            case StepPlan.Partial _, StepPlan.Timesteps _, StepPlan.Sigmas _ -> throw plan.notWith(SchedulerType.UNIPC);
        };
    }

    private SolverPoints points(int steps) {
        int[] timesteps = spacing.openTimesteps(steps, training.count(), training.count(), stepsOffset);
        if (!sigmaSpacing.followsTraining()) {
            return curve(sigmaSpacing.between(training.largest(), training.smallest(), steps));
        }
        if (flow) {
            double step = (1.0 / training.count() - 1) / steps;
            return flow(IntStream.range(0, steps).mapToDouble(i -> 1 + i * step).toArray());
        }
        double[] exact = SolverPoints.doubles(timesteps);
        return SolverPoints.of(exact, training.at(exact), finalSigma.of(training), false);
    }

    private SolverPoints curve(double[] sigmas) {
        if (sigmaSpacing.curve() != SigmaSpacing.Curve.KARRAS) {
            return ending(training.timestepsOf(sigmas), sigmas);
        }
        if (!flow) {
            return ending(SolverPoints.rounded(training.timestepsOf(sigmas)), sigmas);
        }
        double[] path = Arrays.stream(sigmas).map(sigma -> sigma / (sigma + 1)).toArray();
        return ending(SolverPoints.scaled(path, training.count()), path);
    }

    private SolverPoints flow(double[] sigmas) {
        double[] shifted = shift.apply(sigmas);
        if (Math.abs(shifted[0] - 1) < NOT_QUITE_NOISE) {
            shifted[0] -= NOT_QUITE_NOISE;
        }
        return ending(SolverPoints.scaled(shifted, training.count()), shifted);
    }

    /** The levels that are not the training's own end at their last one, not at the training's least. */
    private SolverPoints ending(double[] timesteps, double[] sigmas) {
        double last = finalSigma == FinalSigma.ZERO ? 0 : sigmas[sigmas.length - 1];
        return SolverPoints.of(timesteps, sigmas, last, flow);
    }
}
