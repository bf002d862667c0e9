// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.diffusion;

import dev.darkroom.inference.scheduler.History;
import dev.darkroom.inference.scheduler.Schedule;
import dev.darkroom.inference.tensor.GaussianNoise;
import dev.darkroom.inference.tensor.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Where a denoising loop stands between two steps: all that the rest of it depends on beside the request. A value, so that a loop can stop, be
 * stored ({@link LoopStateFormat}) and go on elsewhere with the same bits. Immutable and thread-safe.
 *
 * @param step the next one, as the schedule counts
 * @param latents what it sees: (N, C, h, w), or (N, C, F, h, w) of videos
 * @param history what the sampler remembers, each tensor shaped like the latents
 * @param noise where the noise of each of the N stands
 */
public record LoopState(int step, Tensor latents, History history, List<GaussianNoise.Position> noise) {
    /** Draws of noise before a loop: a sample of a VAE or the noise on a picture, that on the latents, and one to spare. */
    private static final int FIRST_DRAWS = 3;

    /** Copies {@code noise}. */
    public LoopState {
        if (step < 0) {
            throw new IllegalArgumentException("step " + step);
        }
        noise = List.copyOf(noise);
    }

    /** Returns the state of a loop that has made no step. */
    public static LoopState first(int step, Tensor latents, List<GaussianNoise.Position> noise) {
        return new LoopState(step, latents, History.EMPTY, noise);
    }

    /** Returns the part of one of the N, with N = 1. */
    public LoopState row(int index) {
        Map<String, Tensor> remembered = new HashMap<>(history.tensors());
        remembered.replaceAll((_, tensor) -> tensor.row(index));
        return new LoopState(
                step, latents.row(index), new History(history.steps(), remembered), List.of(noise.get(index)));
    }

    /**
     * Joins loops that stand at the same step.
     *
     * @throws IllegalArgumentException if they do not, or remember other things
     */
    public static LoopState concat(List<LoopState> parts) {
        LoopState first = parts.getFirst();
        Set<String> names = first.history.tensors().keySet();
        for (LoopState part : parts) {
            require(part.step == first.step, "step", first.step, part.step);
            require(
                    part.history.steps() == first.history.steps(),
                    "steps",
                    first.history.steps(),
                    part.history.steps());
            Set<String> others = part.history.tensors().keySet();
            require(others.equals(names), "history", names, others);
        }
        Map<String, Tensor> remembered = new HashMap<>();
        for (String name : names) {
            remembered.put(name, joined(parts, part -> part.history.get(name)));
        }
        return new LoopState(
                first.step,
                joined(parts, LoopState::latents),
                new History(first.history.steps(), remembered),
                parts.stream().flatMap(part -> part.noise.stream()).toList());
    }

    private static Tensor joined(List<LoopState> parts, Function<LoopState, Tensor> tensor) {
        return Tensor.concat(parts.stream().map(tensor).toList());
    }

    /**
     * Makes sure that a loop can go on from here: that this is what one of that schedule has between two of its steps.
     *
     * @param first the step that the loop began with
     * @param end the first step that it does not make
     * @param shape of the latents
     * @throws IllegalArgumentException naming what does not fit, expected and found
     */
    public void requireFits(Schedule schedule, int first, int end, int... shape) {
        require(step > first && step < end, "step", (first + 1) + " to " + (end - 1), step);
        require(
                Arrays.equals(latents.shape(), shape),
                "shape of the latents",
                Arrays.toString(shape),
                Arrays.toString(latents.shape()));
        require(history.steps() == step - first, "steps", step - first, history.steps());
        Set<String> names = rehearsed(schedule, first).tensors().keySet();
        require(
                history.tensors().keySet().equals(names),
                "history",
                names,
                history.tensors().keySet());
        history.tensors()
                .forEach((name, tensor) -> require(
                        tensor.sameShape(latents),
                        "shape of " + name,
                        Arrays.toString(shape),
                        Arrays.toString(tensor.shape())));
        require(noise.size() == latents.dim(0), "noise streams", latents.dim(0), noise.size());
        long most = mostWords(step - first);
        noise.forEach(
                position -> require(position.draws() <= most, "noise position", "0 to " + most, position.draws()));
    }

    /** What a sampler remembers depends on the steps alone, so a loop over a single zero tells it. */
    private History rehearsed(Schedule schedule, int first) {
        Tensor zero =
                Tensor.zeros(IntStream.range(0, latents.rank()).map(_ -> 1).toArray());
        History remembered = History.EMPTY;
        for (int made = first; made < step; made++) {
            remembered = schedule.step(zero, zero, made, remembered, () -> zero).history();
        }
        return remembered;
    }

    /** Replaying a stream takes time, so its length is bounded: by four words a value and a ragged block for each draw. */
    private long mostWords(int steps) {
        return (FIRST_DRAWS + (long) steps) * (4L * latents.size() / Math.max(1, latents.dim(0)) + 32);
    }

    private static void require(boolean good, String what, Object expected, Object found) {
        if (!good) {
            throw new IllegalArgumentException(what + ": expected " + expected + ", found " + found);
        }
    }

    /** Leaves the values out, which must not reach a log. */
    @Override
    public String toString() {
        return "LoopState[step=" + step + ", latents=" + Arrays.toString(latents.shape()) + ", history="
                + history.tensors().keySet() + "]";
    }
}
