// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.generation;

import dev.darkroom.inference.InferenceException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Logits as probabilities. Sums are in double precision, in the order of the ids, so that they are the same everywhere. */
final class Distribution {
    private Distribution() {}

    /**
     * Returns log(sum(exp(logits / temperature))).
     *
     * @throws InferenceException if a logit is NaN or all are negative infinity
     */
    static double logSumExp(float[] logits, double temperature) {
        double max = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            max = Math.max(max, logit);
        }
        if (!Double.isFinite(max)) {
            throw new InferenceException("the decoder's scores have no largest one: " + max);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp((logit - max) / temperature);
        }
        return max / temperature + Math.log(sum);
    }

    /**
     * Returns the probabilities that tokens are drawn by: temperature, then {@code top_k}, then {@code top_p}, as transformers' warpers.
     *
     * @param scores logits after penalties and bans
     */
    static double[] filtered(float[] scores, Sampling sampling) {
        double[] weights = softmax(scores, sampling.temperature());
        int topK = sampling.topK();
        if (topK > 0 && topK < scores.length) {
            float[] sorted = scores.clone();
            Arrays.sort(sorted);
            drop(weights, scores, sorted[sorted.length - topK]);
        }
        if (sampling.topP() < 1) {
            dropTail(weights, 1 - sampling.topP());
        }
        return normalised(weights);
    }

    private static double[] softmax(float[] scores, double temperature) {
        double total = logSumExp(scores, temperature);
        return IntStream.range(0, scores.length)
                .mapToDouble(i -> Math.exp(scores[i] / temperature - total))
                .toArray();
    }

    private static void drop(double[] weights, float[] scores, float below) {
        for (int i = 0; i < weights.length; i++) {
            if (scores[i] < below) {
                weights[i] = 0;
            }
        }
    }

    /** Drops the least probable tokens that together have no more than {@code share}, but never the most probable one. */
    private static void dropTail(double[] weights, double share) {
        double[] all = normalised(weights);
        int[] rising = IntStream.range(0, weights.length)
                .filter(i -> weights[i] > 0)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> all[i]))
                .mapToInt(Integer::intValue)
                .toArray();
        double sum = 0;
        for (int i = 0; i < rising.length - 1; i++) {
            sum += all[rising[i]];
            if (sum > share) {
                return;
            }
            weights[rising[i]] = 0;
        }
    }

    private static double[] normalised(double[] weights) {
        double sum = Arrays.stream(weights).sum();
        return Arrays.stream(weights).map(weight -> weight / sum).toArray();
    }

    /** @param uniform from 0, below 1 */
    static int draw(double[] probabilities, double uniform) {
        double sum = 0;
        int last = 0;
        for (int i = 0; i < probabilities.length; i++) {
            if (probabilities[i] > 0) {
                sum += probabilities[i];
                last = i;
                if (uniform < sum) {
                    return i;
                }
            }
        }
        return last; // the sum fell short of 1 by rounding
    }

    static int largest(float[] scores) {
        int best = 0;
        for (int i = 1; i < scores.length; i++) {
            if (scores[i] > scores[best]) {
                best = i;
            }
        }
        return best;
    }
}
