// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * Euler's method along the straight paths of flow matching: Lipman et al. 2022 (arXiv:2210.02747), eq. 22, and Esser et al. 2024
 * (arXiv:2403.03206), eq. 13 and, for the shift of the noise levels, 23.
 *
 * <p>Numerically equal to diffusers' {@code FlowMatchEulerDiscreteScheduler} for the same configuration.
 */
final class FlowMatchEulerScheduler implements Scheduler {
    private final int trainSteps;
    private final FlowShift shift;
    private final SigmaSpacing sigmaSpacing;
    private final boolean inverted; // counts from the picture to the noise
    private final boolean stochastic;

    FlowMatchEulerScheduler(SchedulerConfig config) {
        this(
                config.numTrainTimesteps(),
                FlowShift.of(config, "shift"),
                SigmaSpacing.of(config),
                config.flag("invert_sigmas", false),
                config.flag("stochastic_sampling", false));
    }

    private FlowMatchEulerScheduler(
            int trainSteps, FlowShift shift, SigmaSpacing sigmaSpacing, boolean inverted, boolean stochastic) {
        this.trainSteps = trainSteps;
        this.shift = shift;
        this.sigmaSpacing = sigmaSpacing;
        this.inverted = inverted;
        this.stochastic = stochastic;
    }

    @Override
    public Scheduler shifted(double mu) {
        return new FlowMatchEulerScheduler(trainSteps, shift.by(mu), sigmaSpacing, inverted, stochastic);
    }

    @Override
    public Schedule schedule(StepPlan plan) {
        return FiniteSchedule.require(
                switch (plan) {
                    case StepPlan.Count(int steps) -> steps(levels(steps));
                    case StepPlan.Sigmas custom -> steps(custom.exact());
                    case StepPlan.Timesteps custom -> {
                        double[] timesteps = custom.exact(trainSteps + 1);
                        double[] levels = Arrays.stream(timesteps)
                                .map(timestep -> timestep / trainSteps)
                                .toArray();
                        yield new Steps(SigmaGrid.floats(timesteps), sigmas(levels));
                    }
                    case StepPlan.Partial _ -> throw plan.notWith(SchedulerType.FLOW_MATCH_EULER);
                });
    }

    /** Returns evenly spaced levels from the largest of the training to the smallest, which the shift moves a first time already. */
    private double[] levels(int steps) {
        if (steps < 1 || steps > trainSteps) {
            throw new IllegalArgumentException("num_inference_steps is " + steps + ", allowed are 1 to " + trainSteps);
        }
        double smallest = trained(1f / trainSteps);
        double largest = trained(1f);
        double[] levels = new double[steps];
        for (int i = 0; i < steps; i++) {
            levels[i] = steps == 1 ? largest : largest + i * ((smallest - largest) / (steps - 1));
        }
        return levels;
    }

    private float trained(float sigma) {
        float fixed = (float) shift.shift();
        return shift.dynamic() ? sigma : fixed * sigma / (1 + (fixed - 1) * sigma);
    }

    private float[] sigmas(double[] levels) {
        return SigmaGrid.floats(sigmaSpacing.respaced(shift.apply(levels), levels.length));
    }

    private Steps steps(double[] levels) {
        float[] sigmas = sigmas(levels);
        float[] timesteps = new float[sigmas.length];
        for (int i = 0; i < sigmas.length; i++) {
            timesteps[i] = sigmas[i] * trainSteps;
        }
        return new Steps(timesteps, sigmas);
    }

    private final class Steps implements Schedule {
        private final float[] timesteps;
        private final float[] sigmas; // longer than timesteps: sigmas[i + 1] is where step i arrives

        Steps(float[] timesteps, float[] starts) {
            this.timesteps = timesteps.clone();
            this.sigmas = Arrays.copyOf(starts, starts.length + 1);
            if (inverted) {
                for (int i = 0; i < starts.length; i++) {
                    sigmas[i] = 1 - starts[i];
                    this.timesteps[i] = sigmas[i] * trainSteps;
                }
                sigmas[starts.length] = 1;
            }
        }

        @Override
        public int length() {
            return timesteps.length;
        }

        @Override
        public float timestep(int step) {
            return timesteps[step];
        }

        @Override
        public Tensor addNoise(Tensor original, Tensor noise, int step) {
            return Tensor.combine(sigmas[step], noise, 1 - sigmas[step], original);
        }

        @Override
        public SchedulerOutput step(
                Tensor modelOutput, Tensor latents, int step, History history, Supplier<Tensor> noise) {
            Tensor original = Tensor.plus(latents, -sigmas[step], modelOutput);
            float next = sigmas[step + 1];
            Tensor prev = stochastic
                    ? Tensor.combine(1 - next, original, next, noise.get())
                    : Tensor.plus(latents, next - sigmas[step], modelOutput);
            return new SchedulerOutput(prev, original, history.next());
        }
    }
}
