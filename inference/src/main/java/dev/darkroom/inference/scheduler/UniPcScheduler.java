// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * UniPC, a unified predictor-corrector: Zhao et al. 2023 (arXiv:2302.04867), algorithms 5 to 8. Each step first corrects the sample that
 * the step before predicted, now that the network has been asked there, and then predicts the next.
 *
 * <p>Numerically equal to diffusers' {@code UniPCMultistepScheduler} for the same configuration; {@code solver_p}, another scheduler as
 * predictor, is refused.
 */
final class UniPcScheduler implements Scheduler {
    /** B(h) of eq. 9. */
    enum SolverType {
        BH1,
        BH2;

        /** Reads {@code solver_type}; those of DPM-Solver and DEIS mean the default, as in diffusers. */
        static SolverType of(SchedulerConfig config) {
            return switch (config.text("solver_type", "bh2")) {
                case "midpoint", "heun", "logrho" -> BH2;
                default -> config.choice("solver_type", BH2);
            };
        }
    }

    private static final String OUTPUT = "output"; // earlier converted answers, newest first
    private static final String SAMPLE = "sample"; // the corrected sample that the last prediction began at

    private final SchedulerConfig config;
    private final FlowShift shift;
    private final UniPcGrid grid;
    private final PredictionType predictionType;
    private final SampleRange sampleRange;
    private final boolean predictOriginal;
    private final SolverType solverType;
    private final int order;
    private final boolean lowerOrderFinal;
    private final Set<Integer> disabledCorrectors;

    UniPcScheduler(SchedulerConfig config) {
        this(config, FlowShift.of(config, "flow_shift"));
    }

    private UniPcScheduler(SchedulerConfig config, FlowShift shift) {
        config.refuse("solver_p");
        this.config = config;
        this.shift = shift;
        this.grid = new UniPcGrid(config, shift);
        this.predictOriginal = config.flag("predict_x0", true);
        this.predictionType =
                PredictionType.of(config, predictOriginal ? Set.of(PredictionType.values()) : PredictionType.COMMON);
        this.sampleRange = predictOriginal ? SampleRange.thresholdOf(config) : new SampleRange.Unlimited();
        this.solverType = SolverType.of(config);
        this.order = config.integer("solver_order", 2, 1, Integer.MAX_VALUE);
        this.lowerOrderFinal = config.flag("lower_order_final", true);
        this.disabledCorrectors = Set.copyOf(config.integers("disable_corrector"));
    }

    @Override
    public Scheduler shifted(double mu) {
        return new UniPcScheduler(config, shift.by(mu));
    }

    @Override
    public Schedule schedule(StepPlan plan) {
        return FiniteSchedule.require(new Steps(grid.points(plan)));
    }

    private final class Steps implements Schedule {
        private final SolverPoints points;

        Steps(SolverPoints points) {
            this.points = points;
        }

        @Override
        public int length() {
            return points.length();
        }

        @Override
        public float timestep(int step) {
            return points.timestep(step);
        }

        @Override
        public Tensor addNoise(Tensor original, Tensor noise, int step) {
            return points.level(step).addNoise(original, noise);
        }

        @Override
        public SchedulerOutput step(
                Tensor modelOutput, Tensor latents, int step, History history, Supplier<Tensor> noise) {
            NoiseLevel level = points.level(step);
            Tensor original = sampleRange.limit(level.originalSample(predictionType, modelOutput, latents));
            Tensor output = predictOriginal ? original : level.noise(predictionType, modelOutput, latents);
            List<Tensor> earlier = history.recent(OUTPUT);
            Tensor sample = history.steps() > 0 && step > 0 && !disabledCorrectors.contains(step - 1)
                    ? corrected(output, history.get(SAMPLE), earlier, step, orderAt(step - 1, history.steps() - 1))
                    : latents;
            List<Tensor> outputs = History.prepend(output, earlier);
            Map<String, Tensor> remembered = new HashMap<>(History.named(OUTPUT, outputs, order));
            remembered.put(SAMPLE, sample);
            return new SchedulerOutput(
                    predicted(sample, outputs, step, orderAt(step, history.steps())),
                    original,
                    history.next(remembered));
        }

        private int orderAt(int step, int made) {
            return Math.min(lowerOrderFinal ? Math.min(order, length() - step) : order, made + 1);
        }

        /** Algorithm 6 or 8. */
        private Tensor predicted(Tensor sample, List<Tensor> outputs, int step, int order) {
            Update update = new Update(step, step + 1, order);
            float[] rhos = order == 1 ? new float[0] : order == 2 ? new float[] {0.5f} : update.solve(order - 1);
            return update.apply(sample, outputs.getFirst(), update.differences(outputs), rhos);
        }

        /** Algorithm 5 or 7. */
        private Tensor corrected(Tensor output, Tensor sample, List<Tensor> earlier, int step, int order) {
            Update update = new Update(step - 1, step, order);
            List<Tensor> differences = update.differences(earlier);
            differences.add(Tensor.minus(output, earlier.getFirst()));
            float[] rhos = order == 1 ? new float[] {0.5f} : update.solve(order);
            return update.apply(sample, earlier.getFirst(), differences, rhos);
        }

        /** The terms of a step between two levels of the schedule, in float32 as in torch. */
        private final class Update {
            private final NoiseLevel from;
            private final NoiseLevel to;
            private final float hh; // the step in lambda, backwards for clean samples
            private final float[] ratios; // of earlier steps to this one, and 1

            Update(int fromStep, int toStep, int order) {
                this.from = points.level(fromStep);
                this.to = points.level(toStep);
                float h = to.lambda() - from.lambda();
                this.hh = predictOriginal ? -h : h;
                this.ratios = new float[order];
                for (int i = 1; i < order; i++) {
                    ratios[i - 1] = (points.level(fromStep - i).lambda() - from.lambda()) / h;
                }
                ratios[order - 1] = 1;
            }

            List<Tensor> differences(List<Tensor> outputs) {
                List<Tensor> differences = new ArrayList<>();
                for (int i = 1; i < ratios.length; i++) {
                    differences.add(Tensor.divide(Tensor.minus(outputs.get(i), outputs.getFirst()), ratios[i - 1]));
                }
                return differences;
            }

            private float scale() {
                return switch (solverType) {
                    case BH1 -> hh;
                    case BH2 -> (float) Math.expm1(hh);
                };
            }

            /** Solves the first {@code count} conditions of eq. 11 for as many weights. */
            float[] solve(int count) {
                double[][] powers = new double[count][count];
                double[] sums = new double[count];
                float phi = (float) Math.expm1(hh) / hh - 1;
                int factorial = 1;
                for (int i = 0; i < count; i++) {
                    for (int k = 0; k < count; k++) {
                        powers[i][k] = (float) Math.pow(ratios[k], i);
                    }
                    sums[i] = phi * factorial / scale();
                    factorial *= i + 2;
                    phi = phi / hh - (float) (1.0 / factorial);
                }
                return LinearEquations.solve(powers, sums);
            }

            Tensor apply(Tensor sample, Tensor output, List<Tensor> differences, float[] rhos) {
                float factor = predictOriginal ? to.alpha() : to.sigma();
                float kept = predictOriginal ? to.sigma() / from.sigma() : to.alpha() / from.alpha();
                Tensor linear = Tensor.combine(kept, sample, -(factor * (float) Math.expm1(hh)), output);
                return IntStream.range(0, rhos.length)
                        .mapToObj(i -> Tensor.scale(rhos[i], differences.get(i)))
                        .reduce(Tensor::plus)
                        .map(sum -> Tensor.plus(linear, -(factor * scale()), sum))
                        .orElse(linear);
            }
        }
    }
}
