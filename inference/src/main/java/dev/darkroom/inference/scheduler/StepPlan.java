// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import java.util.List;

/** Which steps a generation takes. */
public sealed interface StepPlan {
    /**
     * As many as asked for, spread as the configuration says.
     *
     * @param numInferenceSteps 1 to the timesteps that the model was trained with
     */
    record Count(int numInferenceSteps) implements StepPlan {}

    /**
     * As many as asked for, spread over the less noisy part of the steps that the model was distilled to: how LCM and TCD start from a
     * picture. Every step is taken, from 0.
     *
     * @param strength above 0, at most 1
     */
    record Partial(int numInferenceSteps, double strength) implements StepPlan {}

    /**
     * Exactly these timesteps, for DDPM, Euler, Heun, DPM-Solver, LCM, TCD and flow matching.
     *
     * @param timesteps falling, below the timesteps that the model was trained with
     */
    record Timesteps(List<Double> timesteps) implements StepPlan {
        /** Copies {@code timesteps}. */
        public Timesteps {
            timesteps = List.copyOf(timesteps);
            requireFalling("timesteps", timesteps);
        }

        /** Returns the timesteps cut to whole ones, as diffusers reads them. */
        int[] whole(int trainSteps) {
            requireTrained(trainSteps);
            return timesteps.stream().mapToInt(Double::intValue).toArray();
        }

        /** Returns the timesteps as float32 numbers. */
        double[] exact(int trainSteps) {
            requireTrained(trainSteps);
            return timesteps.stream().mapToDouble(Double::floatValue).toArray();
        }

        private void requireTrained(int trainSteps) {
            if (timesteps.getFirst() >= trainSteps) {
                throw new IllegalArgumentException(
                        "custom timesteps start at " + timesteps.getFirst() + ", allowed are 0 to " + (trainSteps - 1));
            }
        }
    }

    /**
     * Exactly these noise levels, for Euler, and, where they are those of flow matching, UniPC and flow matching itself.
     *
     * @param sigmas falling; Euler's end where the last step arrives, the others' where it starts
     */
    record Sigmas(List<Double> sigmas) implements StepPlan {
        /** Copies {@code sigmas}. */
        public Sigmas {
            sigmas = List.copyOf(sigmas);
            requireFalling("sigmas", sigmas);
        }

        /** Returns the levels as float32 numbers. */
        double[] exact() {
            return sigmas.stream().mapToDouble(Double::floatValue).toArray();
        }
    }

    /** Returns the number of steps. */
    default int numInferenceSteps() {
        return switch (this) {
            case Count(int steps) -> steps;
            case Partial(int steps, double _) -> steps;
            case Timesteps(List<Double> timesteps) -> timesteps.size();
            case Sigmas(List<Double> sigmas) -> sigmas.size();
        };
    }

    /** Returns the number of steps of a sampler that spreads them only itself. */
    default int count(SchedulerType sampler) {
        if (this instanceof Count(int steps)) {
            return steps;
        }
        throw notWith(sampler);
    }

    /** Returns the refusal of a plan that a sampler does not take. */
    default IllegalArgumentException notWith(SchedulerType sampler) {
        String what = switch (this) {
            case Count _ -> "a number of steps";
            case Partial _ -> "part of its steps";
            case Timesteps _ -> "custom timesteps";
            case Sigmas _ -> "custom sigmas";
        };
        return new IllegalArgumentException(sampler.label() + " takes no " + what);
    }

    private static void requireFalling(String name, List<Double> values) {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("custom " + name + " are empty");
        }
        for (int i = 0; i < values.size(); i++) {
            double value = values.get(i);
            if (!(value >= 0 && value < Double.POSITIVE_INFINITY && (i == 0 || value < values.get(i - 1)))) {
                throw new IllegalArgumentException("custom " + name + " are " + values
                        + ", which must be finite, not negative and fall at every step");
            }
        }
    }
}
