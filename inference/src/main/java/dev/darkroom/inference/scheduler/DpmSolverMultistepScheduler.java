// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.scheduler.DpmSolverUpdate.SolverType;
import dev.darkroom.inference.tensor.Tensor;
import java.util.List;
import java.util.function.Supplier;

/**
 * DPM-Solver multistep, also called 2M: DPM-Solver++ of Lu et al. 2022 (arXiv:2211.01095), algorithm 2 and its stochastic variant, and
 * DPM-Solver of Lu et al. 2022 (arXiv:2206.00927), of first to third order.
 *
 * <p>Numerically equal to diffusers' {@code DPMSolverMultistepScheduler} for the same configuration.
 */
final class DpmSolverMultistepScheduler implements Scheduler {
    private static final String OUTPUT = "output"; // earlier converted answers, newest first

    /** Below this many steps the last ones are of lower order, if {@code lower_order_final} says so. */
    private static final int FEW_STEPS = 15;

    private final SchedulerConfig config;
    private final DpmSolverGrid grid;
    private final DpmSolverAnswer answer;
    private final DpmSolverAlgorithm algorithm;
    private final SolverType solverType;
    private final int order;
    private final boolean lowerOrderFinal;
    private final boolean eulerAtFinal;
    private final SchedulerType type;

    /** Solves the stochastic differential equation or the ordinary one, whichever of them the file names. */
    DpmSolverMultistepScheduler(SchedulerConfig config, boolean stochastic) {
        this(config, stochastic, config.real("flow_shift", 1));
    }

    private DpmSolverMultistepScheduler(SchedulerConfig config, boolean stochastic, double flowShift) {
        this.config = config;
        this.algorithm = DpmSolverAlgorithm.of(config).stochastic(stochastic);
        this.grid = DpmSolverGrid.multistep(config, flowShift);
        this.answer = DpmSolverAnswer.of(config, algorithm);
        this.solverType = SolverType.of(config);
        this.order = config.integer("solver_order", 2, 1, algorithm == DpmSolverAlgorithm.SDE_DPMSOLVER ? 2 : 3);
        this.lowerOrderFinal = config.flag("lower_order_final", true);
        this.eulerAtFinal = config.flag("euler_at_final", false);
        this.type = stochastic ? SchedulerType.DPM_SOLVER_MULTISTEP_SDE : SchedulerType.DPM_SOLVER_MULTISTEP;
        algorithm.requireEnd(grid.finalSigma());
    }

    @Override
    public Scheduler shifted(double mu) {
        return grid.shifts() ? new DpmSolverMultistepScheduler(config, algorithm.stochastic(), Math.exp(mu)) : this;
    }

    @Override
    public Schedule schedule(StepPlan plan) {
        return FiniteSchedule.require(new Steps(grid.points(plan, type)));
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
            DpmSolverAnswer.Converted converted = answer.convert(modelOutput, latents, points.level(step));
            List<Tensor> outputs = History.prepend(converted.output(), history.recent(OUTPUT));
            DpmSolverUpdate update = DpmSolverUpdate.between(algorithm, points.level(step), points.level(step + 1));
            Tensor prev = switch (orderAt(step, history)) {
                case 1 -> update.first(latents, outputs.getFirst());
                case 2 -> second(update, latents, outputs, step);
                default -> third(update, latents, outputs, step);
            };
            return new SchedulerOutput(
                    algorithm.stochastic() ? Tensor.plus(prev, update.noise(), noise.get()) : prev,
                    converted.original(),
                    history.next(History.named(OUTPUT, outputs, order - 1)));
        }

        private int orderAt(int step, History history) {
            boolean few = lowerOrderFinal && length() < FEW_STEPS;
            int remaining = length() - step;
            boolean firstAtEnd = eulerAtFinal || few || grid.finalSigma() == FinalSigma.ZERO;
            int most = remaining == 1 && firstAtEnd ? 1 : remaining == 2 && few ? 2 : order;
            return Math.min(Math.min(order, most), history.steps() + 1);
        }

        private Tensor second(DpmSolverUpdate update, Tensor latents, List<Tensor> outputs, int step) {
            Tensor d1 = difference(outputs, 0, points.distance(step - 1, step) / points.distance(step, step + 1));
            return update.second(latents, outputs.getFirst(), d1, solverType);
        }

        private Tensor third(DpmSolverUpdate update, Tensor latents, List<Tensor> outputs, int step) {
            float h = points.distance(step, step + 1);
            float r0 = points.distance(step - 1, step) / h;
            float r1 = points.distance(step - 2, step - 1) / h;
            Tensor newer = difference(outputs, 0, r0);
            Tensor change = Tensor.minus(newer, difference(outputs, 1, r1));
            return update.third(
                    latents,
                    outputs.getFirst(),
                    Tensor.plus(newer, r0 / (r0 + r1), change),
                    Tensor.scale(1 / (r0 + r1), change));
        }

        private static Tensor difference(List<Tensor> outputs, int at, float ratio) {
            return Tensor.scale(1 / ratio, Tensor.minus(outputs.get(at), outputs.get(at + 1)));
        }
    }
}
