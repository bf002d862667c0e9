// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

/** Which training timesteps a shorter generation visits: table 2 of Lin et al. 2023 (arXiv:2305.08891). */
enum TimestepSpacing {
    LEADING,
    TRAILING,
    LINSPACE;

    /**
     * Returns {@code steps} timesteps, largest first, unrounded for {@link #LINSPACE}.
     *
     * <p>Deviation: for some step counts (61 of 1,000 is the first) the rounding of numpy's {@code arange} makes diffusers append a
     * further trailing step at timestep -1, which reads the noisiest entry of the table. That step is left out here.
     *
     * @throws IllegalArgumentException if there are fewer than 1 or more than {@code trainSteps} steps, or the offset leaves the table
     */
    double[] timesteps(int steps, int trainSteps, int offset) {
        if (steps < 1 || steps > trainSteps) {
            throw new IllegalArgumentException("num_inference_steps is " + steps + ", allowed are 1 to " + trainSteps);
        }
        double[] timesteps = new double[steps];
        double ratio = (double) trainSteps / steps;
        double arangeStep = (trainSteps - ratio) - trainSteps; // numpy takes the difference of the first two values
        double linspaceStep = steps == 1 ? 0 : (trainSteps - 1.0) / (steps - 1);
        for (int i = 0; i < steps; i++) {
            int remaining = steps - 1 - i;
            timesteps[i] = switch (this) {
                case LEADING -> remaining * (trainSteps / steps) + offset;
                case TRAILING -> Math.rint(trainSteps + i * arangeStep) - 1;
                case LINSPACE -> i == 0 && steps > 1 ? trainSteps - 1 : remaining * linspaceStep;
            };
        }
        if (timesteps[0] >= trainSteps) {
            throw new IllegalArgumentException("scheduler option steps_offset is " + offset
                    + ", which puts the first of " + steps + " steps at " + (long) timesteps[0] + " of " + trainSteps);
        }
        return timesteps;
    }

    /** As {@link #timesteps}, rounded half to even. */
    int[] wholeTimesteps(int steps, int trainSteps, int offset) {
        double[] exact = timesteps(steps, trainSteps, offset);
        int[] whole = new int[steps];
        for (int i = 0; i < steps; i++) {
            whole[i] = (int) Math.rint(exact[i]);
        }
        return whole;
    }
}
