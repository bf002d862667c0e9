// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.scheduler;

import dev.darkroom.inference.scheduler.DpmSolverUpdate.SolverType;
import dev.darkroom.inference.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * DPM-Solver single step, also called 2S and 3S: DPM-Solver++ of Lu et al. 2022 (arXiv:2211.01095), algorithm 1, and DPM-Solver of Lu et
 * al. 2022 (arXiv:2206.00927), algorithms 1 and 2. Steps come in blocks of growing order, each from where its block began.
 *
 * <p>Numerically equal to diffusers' {@code DPMSolverSinglestepScheduler} for the same configuration.
 */
final class DpmSolverSinglestepScheduler implements Scheduler {
    private static final String OUTPUT = "output"; // earlier converted answers, newest first
    private static final String SAMPLE = "sample"; // where the block began

    private final SchedulerConfig config;
    private final DpmSolverGrid grid;
    private final DpmSolverAnswer answer;
    private final DpmSolverAlgorithm algorithm;
    private final SolverType solverType;
    private final int order;
    private final boolean lowerOrderFinal;

    DpmSolverSinglestepScheduler(SchedulerConfig config) {
        this(config, config.real("flow_shift", 1));
    }

    private DpmSolverSinglestepScheduler(SchedulerConfig config, double flowShift) {
        this.config = config;
        this.algorithm = DpmSolverAlgorithm.of(config);
        this.grid = DpmSolverGrid.singlestep(config, flowShift);
        this.answer = DpmSolverAnswer.of(config, algorithm);
        this.solverType = SolverType.of(config);
        this.order = config.integer("solver_order", 2, 1, 3);
        this.lowerOrderFinal = config.flag("lower_order_final", false);
        if (algorithm == DpmSolverAlgorithm.SDE_DPMSOLVER) {
            throw new IllegalArgumentException("scheduler option algorithm_type is \"sde-dpmsolver\", which "
                    + SchedulerType.DPM_SOLVER_SINGLESTEP.label() + " does not have");
        }
        algorithm.requireEnd(grid.finalSigma());
    }

    @Override
    public Scheduler shifted(double mu) {
        return grid.shifts() ? new DpmSolverSinglestepScheduler(config, Math.exp(mu)) : this;
    }

    @Override
    public Schedule schedule(StepPlan plan) {
        return FiniteSchedule.require(new Steps(grid.points(plan, SchedulerType.DPM_SOLVER_SINGLESTEP)));
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
            int used = Math.min(orderAt(step), outputs.size());
            Tensor sample = used == 1 ? latents : history.get(SAMPLE);
            DpmSolverUpdate update =
                    DpmSolverUpdate.between(algorithm, points.level(step - used + 1), points.level(step + 1));
            Tensor prev = switch (used) {
                case 1 -> update.first(sample, outputs.getFirst());
                case 2 -> second(update, sample, outputs, step);
                default -> third(update, sample, outputs, step);
            };
            Map<String, Tensor> remembered = new HashMap<>(History.named(OUTPUT, outputs, order - 1));
            remembered.put(SAMPLE, sample);
            return new SchedulerOutput(
                    algorithm.stochastic() ? Tensor.plus(prev, update.noise(), noise.get()) : prev,
                    converted.original(),
                    history.next(remembered));
        }

        /** Blocks of order 1, 2 and so on; the end is of lower order where it is no whole block, or arrives without noise. */
        private int orderAt(int step) {
            int count = length();
            boolean zero = grid.finalSigma() == FinalSigma.ZERO;
            if (step == count - 1 && zero) {
                return 1;
            }
            boolean lower = lowerOrderFinal || zero || count % order != 0;
            return lower && count % order == 0 && step == count - 1 ? 1 : step % order + 1;
        }

        private Tensor second(DpmSolverUpdate update, Tensor sample, List<Tensor> outputs, int step) {
            float r0 = points.distance(step - 1, step) / points.distance(step - 1, step + 1);
            return update.second(sample, outputs.get(1), slope(outputs, 0, 1, r0), solverType);
        }

        private Tensor third(DpmSolverUpdate update, Tensor sample, List<Tensor> outputs, int step) {
            float h = points.distance(step - 2, step + 1);
            float r0 = points.distance(step - 2, step) / h;
            float r1 = points.distance(step - 2, step - 1) / h;
            Tensor nearer = slope(outputs, 1, 2, r1);
            Tensor farther = slope(outputs, 0, 2, r0);
            return switch (solverType) {
                case MIDPOINT -> update.second(sample, outputs.get(2), farther, SolverType.HEUN);
                case HEUN ->
                    update.third(
                            sample,
                            outputs.get(2),
                            Tensor.divide(Tensor.combine(r0, nearer, -r1, farther), r0 - r1),
                            Tensor.divide(Tensor.combine(2, farther, -2, nearer), r0 - r1));
            };
        }

        private static Tensor slope(List<Tensor> outputs, int to, int from, float ratio) {
            return Tensor.scale(1 / ratio, Tensor.minus(outputs.get(to), outputs.get(from)));
        }
    }
}
