// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import dev.darkroom.evaluation.NumpyRandomState;
import dev.darkroom.evaluation.Summary;
import dev.darkroom.evaluation.feature.MaximumMeanDiscrepancy.Estimator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * KID (Binkowski et al. 2018, arXiv:1801.01401): the squared maximum mean discrepancy, averaged over blocks. May be negative.
 *
 * @param mean over the blocks: the distance
 * @param standardDeviation between the blocks, of the population (divisor: their number), as torch-fidelity has it. The blocks share
 *     pictures, so it is no standard error
 * @param blocks the value of each
 */
public record KernelInceptionDistance(double mean, double standardDeviation, List<Double> blocks) {

    public KernelInceptionDistance {
        blocks = List.copyOf(blocks);
    }

    /**
     * How torch-fidelity draws its blocks.
     *
     * @param size features in each block
     * @param seed of numpy's RandomState
     */
    public record Subsets(int count, int size, int seed) {
        /** Returns its default: 100 blocks of 1,000, seed 2020. */
        public static Subsets byDefault() {
            return new Subsets(100, 1000, 2020);
        }

        public Subsets {
            if (count < 1 || size < 2) {
                throw new EvaluationException(
                        Reason.INVALID_SETTING,
                        "at least one block of at least 2 pictures, not " + count + " of " + size);
            }
        }
    }

    /**
     * Returns the distance over blocks that are drawn, each without replacement, as torch-fidelity draws them.
     *
     * @throws EvaluationException if a set is smaller than a block: the block is never made smaller silently
     */
    public static KernelInceptionDistance between(
            Features x, Features y, Kernel kernel, Estimator estimator, Subsets subsets) {
        int fewest = Math.min(x.count(), y.count());
        if (fewest < subsets.size()) {
            throw new EvaluationException(
                    Reason.BLOCK_TOO_LARGE,
                    "blocks of %d pictures need as many in each set, there are %d; ask for smaller blocks"
                            .formatted(subsets.size(), fewest));
        }
        NumpyRandomState random = new NumpyRandomState(subsets.seed());
        List<Double> blocks = IntStream.range(0, subsets.count())
                .mapToObj(_ -> {
                    Features first = x.select(random.choice(x.count(), subsets.size()));
                    Features second = y.select(random.choice(y.count(), subsets.size()));
                    return MaximumMeanDiscrepancy.between(first, second, kernel, estimator)
                            .value();
                })
                .toList();
        return of(blocks);
    }

    /** Returns mean and deviation of blocks that were computed one by one. */
    public static KernelInceptionDistance of(List<Double> blocks) {
        Summary summary =
                Summary.of(blocks.stream().mapToDouble(Double::doubleValue).toArray());
        return new KernelInceptionDistance(summary.mean(), summary.standardDeviation(), blocks);
    }
}
