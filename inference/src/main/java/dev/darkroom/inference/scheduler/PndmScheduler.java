// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Pseudo numerical methods for diffusion models: Liu et al. 2022 (arXiv:2202.09778), eq. 11 as the transfer between timesteps, the linear
 * multistep method of eq. 12, and either its Runge-Kutta start of eq. 13 or, with {@code skip_prk_steps}, a start that asks the network
 * twice at the second timestep.
 *
 * <p>Numerically equal to diffusers' {@code PNDMScheduler} for the same configuration, which counts from where a loop begins: a loop that
 * begins later takes its start there.
 */
final class PndmScheduler implements Scheduler {
    private static final int ORDER = 4;
    private static final String OUTPUT = "output"; // earlier answers, newest first
    private static final String SAMPLE = "sample"; // where the start began
    private static final String SUM = "sum"; // of a Runge-Kutta step's weighted answers

    private final float[] alphasCumprod; // abar of each training timestep
    private final float finalAlphaCumprod; // abar where the last step arrives
    private final PredictionType predictionType;
    private final TimestepSpacing spacing;
    private final int stepsOffset;
    private final boolean skipPrkSteps;

    PndmScheduler(SchedulerConfig config) {
        this.alphasCumprod = NoiseSchedules.alphasCumprod(config, NoiseSchedules.NEVER_RESCALED);
        this.finalAlphaCumprod = config.flag("set_alpha_to_one", false) ? 1 : alphasCumprod[0];
        this.predictionType = PredictionType.of(config, PredictionType.NO_SAMPLE);
        this.spacing = config.choice("timestep_spacing", TimestepSpacing.LEADING);
        this.stepsOffset = config.integer("steps_offset", 0);
        this.skipPrkSteps = config.flag("skip_prk_steps", false);
    }

    @Override
    public Schedule schedule(StepPlan plan) {
        int count = plan.count(SchedulerType.PNDM);
        int[] timesteps = spacing.wholeTimesteps(count, alphasCumprod.length, stepsOffset);
        int ratio = alphasCumprod.length / count;
        return skipPrkSteps
                ? new Steps(secondTwice(timesteps), 0, ratio)
                : new Steps(afterRungeKutta(timesteps, ratio), 3 * ORDER, ratio);
    }

    private static int[] secondTwice(int[] timesteps) {
        return IntStream.range(0, timesteps.length == 1 ? 1 : timesteps.length + 1)
                .map(i -> timesteps[i < 2 ? i : i - 1])
                .toArray();
    }

    /** Three Runge-Kutta steps of four calls each: at the timestep, twice half-way to the next, and at the next. */
    private static int[] afterRungeKutta(int[] timesteps, int ratio) {
        if (timesteps.length < ORDER) {
            throw new IllegalArgumentException("num_inference_steps is " + timesteps.length
                    + ", allowed with scheduler option skip_prk_steps false are " + ORDER + " or more");
        }
        List<Integer> all = new ArrayList<>();
        for (int i = 0; i < ORDER - 1; i++) {
            int half = timesteps[i + 1] + ratio / 2;
            all.addAll(List.of(timesteps[i], half, half, timesteps[i + 1]));
        }
        Arrays.stream(timesteps, ORDER - 1, timesteps.length).forEach(all::add);
        return all.stream().mapToInt(Integer::intValue).toArray();
    }

    private final class Steps implements Schedule {
        private final int[] timesteps;
        private final int rungeKutta; // how many of the first timesteps belong to Runge-Kutta steps
        private final int ratio; // training timesteps in a step

        Steps(int[] timesteps, int rungeKutta, int ratio) {
            this.timesteps = timesteps;
            this.rungeKutta = rungeKutta;
            this.ratio = ratio;
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
            return ForwardProcess.noised(original, noise, alphasCumprod[timesteps[step]]);
        }

        @Override
        public SchedulerOutput step(
                Tensor modelOutput, Tensor latents, int step, History history, Supplier<Tensor> noise) {
            Tensor original = predictionType.originalSample(modelOutput, latents, alphasCumprod[timesteps[step]]);
            return history.steps() < rungeKutta
                    ? rungeKutta(modelOutput, latents, step, history, original)
                    : multistep(modelOutput, latents, step, history, original);
        }

        private SchedulerOutput rungeKutta(
                Tensor modelOutput, Tensor latents, int step, History history, Tensor original) {
            int stage = history.steps() % 4;
            int from = timesteps[history.steps() - stage];
            int to = timesteps[step] - (stage % 2 == 0 ? ratio / 2 : 0);
            Tensor begin = stage == 0 ? latents : history.get(SAMPLE);
            List<Tensor> outputs = history.recent(OUTPUT);
            if (stage == 0) {
                outputs = History.prepend(modelOutput, outputs);
            }
            Map<String, Tensor> remembered = new HashMap<>(History.named(OUTPUT, outputs, ORDER - 1));
            remembered.put(SAMPLE, begin);
            Tensor slope = modelOutput;
            switch (stage) {
                case 0 -> remembered.put(SUM, Tensor.scale(1 / 6f, modelOutput));
                case 1, 2 -> remembered.put(SUM, Tensor.plus(history.get(SUM), 1 / 3f, modelOutput));
                default -> slope = Tensor.plus(history.get(SUM), 1 / 6f, modelOutput);
            }
            return new SchedulerOutput(transfer(begin, from, to, slope), original, history.next(remembered));
        }

        private SchedulerOutput multistep(
                Tensor modelOutput, Tensor latents, int step, History history, Tensor original) {
            int timestep = timesteps[step];
            List<Tensor> outputs = history.recent(OUTPUT);
            if (history.steps() == 1) { // asks again where the first step arrived, and repeats that step with the mean
                Tensor mean = Tensor.divide(Tensor.plus(modelOutput, outputs.getFirst()), 2);
                Tensor prev = transfer(history.get(SAMPLE), timestep + ratio, timestep, mean);
                return new SchedulerOutput(prev, original, history.next(History.named(OUTPUT, outputs, ORDER - 1)));
            }
            outputs = History.prepend(modelOutput, outputs);
            Map<String, Tensor> remembered = new HashMap<>(History.named(OUTPUT, outputs, ORDER - 1));
            if (history.steps() == 0) {
                remembered.put(SAMPLE, latents);
            }
            Tensor prev = transfer(latents, timestep, timestep - ratio, combined(outputs));
            return new SchedulerOutput(prev, original, history.next(remembered));
        }

        /** The Adams-Bashforth method of as many answers as there are. */
        private static Tensor combined(List<Tensor> e) {
            return switch (e.size()) {
                case 1 -> e.getFirst();
                case 2 -> Tensor.divide(Tensor.combine(3, e.get(0), -1, e.get(1)), 2);
                case 3 -> Tensor.divide(Tensor.plus(Tensor.combine(23, e.get(0), -16, e.get(1)), 5, e.get(2)), 12);
                default ->
                    Tensor.scale(
                            1 / 24f,
                            Tensor.plus(
                                    Tensor.plus(Tensor.combine(55, e.get(0), -59, e.get(1)), 37, e.get(2)),
                                    -9,
                                    e.get(3)));
            };
        }

        /** Eq. 11. */
        private Tensor transfer(Tensor sample, int from, int to, Tensor modelOutput) {
            float alphaProd = alphasCumprod[from];
            float alphaProdPrev = to >= 0 ? alphasCumprod[to] : finalAlphaCumprod;
            Tensor epsilon = predictionType.noise(modelOutput, sample, alphaProd);
            float denominator = alphaProd * NoiseSchedules.sqrt(1 - alphaProdPrev)
                    + NoiseSchedules.sqrt(alphaProd * (1 - alphaProd) * alphaProdPrev);
            return Tensor.plus(
                    Tensor.scale(NoiseSchedules.sqrt(alphaProdPrev / alphaProd), sample),
                    -1,
                    Tensor.divide(Tensor.scale(alphaProdPrev - alphaProd, epsilon), denominator));
        }
    }
}
