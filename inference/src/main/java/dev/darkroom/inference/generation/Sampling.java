// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.generation;

/**
 * How tokens are drawn.
 *
 * @param temperature above 0; divides the logits
 * @param topK how many tokens stay, 0 for all
 * @param topP share of the probability that stays at least, above 0, to 1
 * @param seed of the first caption; caption i has seed + i. The generator takes the low 32 bits
 */
public record Sampling(double temperature, int topK, double topP, long seed) {
    public Sampling {
        if (!(temperature > 0) || topK < 0 || !(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("temperature " + temperature + ", top_k " + topK + ", top_p " + topP);
        }
    }
}
