// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import java.util.Arrays;
import java.util.stream.IntStream;

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
        requireSteps(steps, trainSteps);
        if (this == TRAILING) {
            return trailing(trainSteps, (double) trainSteps / steps, steps);
        }
        double[] timesteps = new double[steps];
        double linspaceStep = steps == 1 ? 0 : (trainSteps - 1.0) / (steps - 1);
        for (int i = 0; i < steps; i++) {
            int remaining = steps - 1 - i;
            timesteps[i] = this == LEADING
                    ? remaining * (trainSteps / steps) + offset
                    : i == 0 && steps > 1 ? trainSteps - 1 : remaining * linspaceStep;
        }
        return requireInside(timesteps, trainSteps, offset);
    }

    private static double[] trailing(int start, double ratio, int count) {
        double step = (start - ratio) - start; // numpy's arange takes the difference of the first two values
        return IntStream.range(0, count)
                .mapToDouble(i -> Math.rint(start + i * step) - 1)
                .toArray();
    }

    private static void requireSteps(int steps, int trainSteps) {
        if (steps < 1 || steps > trainSteps) {
            throw new IllegalArgumentException("num_inference_steps is " + steps + ", allowed are 1 to " + trainSteps);
        }
    }

    private static double[] requireInside(double[] timesteps, int trainSteps, int offset) {
        if (timesteps[0] >= trainSteps) {
            throw new IllegalArgumentException(
                    "scheduler option steps_offset is " + offset + ", which puts the first of " + timesteps.length
                            + " steps at " + (long) timesteps[0] + " of " + trainSteps);
        }
        return timesteps;
    }

    /** As {@link #timesteps}, rounded half to even. */
    int[] wholeTimesteps(int steps, int trainSteps, int offset) {
        return whole(timesteps(steps, trainSteps, offset));
    }

    /**
     * As {@link #wholeTimesteps}, but with the point where the last step arrives counted in and left out: what DPM-Solver and UniPC take.
     *
     * @param last timesteps that take part, from 0; those above are too noisy. With {@link #TRAILING} fewer mean fewer steps
     */
    int[] openTimesteps(int steps, int trainSteps, int last, int offset) {
        return switch (this) {
            case LINSPACE -> {
                requireSteps(steps, trainSteps);
                double step = (last - 1.0) / steps;
                yield whole(IntStream.range(0, steps)
                        .mapToDouble(i -> i == 0 ? last - 1.0 : (steps - i) * step)
                        .toArray());
            }
            case LEADING -> {
                requireSteps(steps, trainSteps);
                yield whole(requireInside(
                        IntStream.range(0, steps)
                                .mapToDouble(i -> (steps - i) * (last / (steps + 1)) + offset)
                                .toArray(),
                        trainSteps,
                        offset));
            }
            case TRAILING -> {
                requireSteps(steps, trainSteps);
                double ratio = (double) trainSteps / steps;
                yield whole(trailing(last, ratio, (int) Math.min(steps, Math.ceil(last / ratio))));
            }
        };
    }

    private static int[] whole(double[] exact) {
        return Arrays.stream(exact).mapToInt(value -> (int) Math.rint(value)).toArray();
    }
}
