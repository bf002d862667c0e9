// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class FeatureReservoirTest {

    private static FeatureReservoir of(int capacity, long seed, int from, int to) {
        FeatureReservoir reservoir = new FeatureReservoir(capacity, seed);
        IntStream.range(from, to).forEach(i -> reservoir.add(i));
        return reservoir;
    }

    private static double[] values(FeatureReservoir reservoir) {
        return reservoir.features().matrix().data;
    }

    @Test
    void features_upToCapacity_areAllInTheirOrder() {
        assertThat(values(of(50, 3, 0, 50)))
                .containsExactly(IntStream.range(0, 50).asDoubleStream().toArray());
    }

    @Test
    void features_beyondCapacity_areAFairSampleInOrder() {
        double[] sample = values(of(1000, 3, 0, 10_000));
        assertThat(sample).hasSize(1000).isSorted().doesNotHaveDuplicates();
        double mean =
                IntStream.range(0, 1000).mapToDouble(i -> sample[i]).average().orElseThrow();
        assertThat(mean).isBetween(4999.5 - 274, 4999.5 + 274); // three standard errors
    }

    @Test
    void features_sameSeed_areTheSame() {
        assertThat(values(of(10, 3, 0, 100))).isEqualTo(values(of(10, 3, 0, 100)));
        assertThat(values(of(10, 3, 0, 100))).isNotEqualTo(values(of(10, 4, 0, 100)));
    }

    @Test
    void merge_shardsOfDifferentSize_weighsThemByWhatTheySaw() {
        FeatureReservoir merged = of(400, 1, 0, 9000);
        merged.merge(of(400, 2, 9000, 10_000));
        double[] sample = values(merged);
        assertThat(merged.seen()).isEqualTo(10_000);
        assertThat(sample).hasSize(400);
        long ofSecond = IntStream.range(0, 400).filter(i -> sample[i] >= 9000).count();
        assertThat(ofSecond).isBetween(22L, 58L); // 40 expected, three standard deviations
    }
}
