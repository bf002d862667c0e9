// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import java.util.stream.IntStream;

/** Where DPM-Solver's steps lie, and how it reads the network's answers. */
final class DpmSolverGrid {
    private final TrainingSigmas training;
    private final SigmaSpacing sigmaSpacing;
    private final TimestepSpacing spacing;
    private final int stepsOffset;
    private final int last; // training timesteps that take part
    private final boolean luLambdas;
    private final boolean wholeCurves; // whether the timesteps of Karras's and Lu's curves are rounded, else cut
    private final boolean flow;
    private final boolean dynamicShift;
    private final double flowShift;
    private final FinalSigma finalSigma;

    private DpmSolverGrid(SchedulerConfig config, float[] alphasCumprod, boolean multistep, double flowShift) {
        this.training = new TrainingSigmas(alphasCumprod);
        this.sigmaSpacing = SigmaSpacing.of(config);
        this.spacing =
                multistep ? config.choice("timestep_spacing", TimestepSpacing.LINSPACE) : TimestepSpacing.LINSPACE;
        this.stepsOffset = multistep ? config.integer("steps_offset", 0) : 0;
        this.last = last(alphasCumprod, config.real("lambda_min_clipped", Double.NEGATIVE_INFINITY));
        this.luLambdas = multistep && config.flag("use_lu_lambdas", false);
        this.wholeCurves = !multistep || !config.text("beta_schedule", "").equals("squaredcos_cap_v2");
        this.flow = config.flag("use_flow_sigmas", false);
        this.dynamicShift = config.flag("use_dynamic_shifting", false);
        this.flowShift = flowShift;
        this.finalSigma = config.choice("final_sigmas_type", FinalSigma.ZERO);
    }

    static DpmSolverGrid multistep(SchedulerConfig config, double flowShift) {
        return new DpmSolverGrid(
                config, NoiseSchedules.positiveAlphasCumprod(config, NoiseSchedules.STANDARD), true, flowShift);
    }

    static DpmSolverGrid singlestep(SchedulerConfig config, double flowShift) {
        return new DpmSolverGrid(
                config, NoiseSchedules.alphasCumprod(config, NoiseSchedules.NEVER_RESCALED), false, flowShift);
    }

    private static int last(float[] alphasCumprod, double minLambda) {
        return (int) IntStream.range(0, alphasCumprod.length)
                .filter(i -> (float) Math.log(NoiseSchedules.sqrt(alphasCumprod[i]))
                                - (float) Math.log(NoiseSchedules.sqrt(1 - alphasCumprod[i]))
                        >= minLambda)
                .count();
    }

    FinalSigma finalSigma() {
        return finalSigma;
    }

    /** Tells whether the noise levels wait for a shift by the picture's size. */
    boolean shifts() {
        return dynamicShift;
    }

    SolverPoints points(StepPlan plan, SchedulerType sampler) {
        return switch (plan) {
            case StepPlan.Count(int steps) ->
                points(steps, spacing.openTimesteps(steps, training.count(), last, stepsOffset));
            case StepPlan.Timesteps custom -> {
                sigmaSpacing.refuseBeside("timesteps");
                if (luLambdas) {
                    throw new IllegalArgumentException(
                            "scheduler option use_lu_lambdas and custom timesteps exclude each other");
                }
                yield points(custom.numInferenceSteps(), custom.whole(training.count()));
            }
            case StepPlan.Partial _, StepPlan.Sigmas _ -> throw plan.notWith(sampler);
        };
    }

    private SolverPoints points(int steps, int[] timesteps) {
        if (sigmaSpacing.curve() == SigmaSpacing.Curve.KARRAS) {
            return curve(sigmaSpacing, steps, wholeCurves);
        }
        if (luLambdas) { // evenly spaced lambdas: section 3.3 of DPM-Solver
            return curve(new SigmaSpacing(SigmaSpacing.Curve.EXPONENTIAL, Double.NaN, Double.NaN), steps, wholeCurves);
        }
        if (!sigmaSpacing.followsTraining()) {
            return curve(sigmaSpacing, steps, false);
        }
        if (flow) {
            double[] sigmas = flowSigmas(steps);
            return points(SolverPoints.scaled(sigmas, training.count()), sigmas);
        }
        double[] exact = SolverPoints.doubles(timesteps);
        return points(exact, training.at(exact));
    }

    private SolverPoints curve(SigmaSpacing curve, int steps, boolean round) {
        double[] sigmas = curve.between(training.largest(), training.smallest(), steps);
        double[] timesteps = training.timestepsOf(sigmas);
        return points(round ? SolverPoints.rounded(timesteps) : timesteps, sigmas);
    }

    private double[] flowSigmas(int steps) {
        double step = (1.0 / training.count() - 1) / steps; // of alpha, from 1
        return IntStream.range(0, steps)
                .mapToDouble(i -> 1 - (i == 0 ? 1.0 / training.count() : 1 + (steps - i) * step))
                .map(sigma -> flowShift * sigma / (1 + (flowShift - 1) * sigma))
                .toArray();
    }

    private SolverPoints points(double[] timesteps, double[] sigmas) {
        return SolverPoints.of(timesteps, sigmas, finalSigma.of(training), flow);
    }
}
