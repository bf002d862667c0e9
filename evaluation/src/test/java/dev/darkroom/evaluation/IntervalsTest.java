// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class IntervalsTest {

    @Test
    void mean_manyValues_isAboutTheNormalInterval() {
        List<Double> values = IntStream.range(0, 400).mapToObj(i -> i % 2 * 1.0).toList();
        Interval interval = new Bootstrap(2000, 0.95, 1).mean(values);
        double standardError = 0.5 / Math.sqrt(400);
        assertThat(interval.low()).isCloseTo(0.5 - 1.96 * standardError, within(0.006));
        assertThat(interval.high()).isCloseTo(0.5 + 1.96 * standardError, within(0.006));
    }

    @Test
    void mean_sameSeed_isTheSame() {
        List<Double> values = List.of(1.0, 5.0, 2.0, 8.0);
        assertThat(new Bootstrap(50, 0.9, 7).mean(values)).isEqualTo(new Bootstrap(50, 0.9, 7).mean(values));
    }

    @Test
    void mean_equalValues_isAPoint() {
        assertThat(new Bootstrap(50, 0.9, 7).mean(Collections.nCopies(9, 3.0))).isEqualTo(new Interval(3, 3, 0.9));
    }

    @Test
    void around_statisticThatResamplingEnlarges_staysAroundTheValue() {
        Bootstrap bootstrap = new Bootstrap(200, 0.95, 2);
        Interval interval = bootstrap.around(
                50,
                50,
                0,
                (x, y) -> 100
                        - Arrays.stream(x).distinct().count()
                        - Arrays.stream(y).distinct().count());
        assertThat(interval.low()).isBetween(-12.0, -3.0);
        assertThat(interval.high()).isBetween(3.0, 12.0);
        assertThat(interval.excludesZero()).isFalse();
    }

    @Test
    void paired_oneSystemBetterOnEveryItem_isSignificant() {
        List<Double> first = IntStream.range(0, 30).mapToObj(i -> (double) i).toList();
        List<Double> second =
                first.stream().map(value -> value + 0.1 + value % 3 / 10).toList();
        PairedComparison comparison = PairedComparison.of("score", first, second, new Bootstrap(200, 0.95, 1));
        assertThat(comparison.difference()).isCloseTo(0.2, within(1e-12));
        assertThat(comparison.mcNemar()).isNull();
        assertThat(comparison.isSignificant()).isTrue();
        assertThat(PairedComparison.of("score", first, first, new Bootstrap(200, 0.95, 1))
                        .isSignificant())
                .isFalse();
    }

    @Test
    void paired_rightOrWrong_isMcNemars() {
        List<Double> first = Collections.nCopies(10, 0.0);
        List<Double> second =
                IntStream.range(0, 10).mapToObj(i -> i < 5 ? 1.0 : 0.0).toList();
        PairedComparison comparison = PairedComparison.of("right", first, second, new Bootstrap(200, 0.95, 1));
        assertThat(comparison.mcNemar()).isEqualTo(new McNemar(0, 5, 0.0625));
        assertThat(comparison.interval().excludesZero()).isTrue();
        assertThat(comparison.isSignificant()).isFalse(); // the exact test decides
    }

    @Test
    void mcNemar_published_isTheExactBinomialTest() {
        assertThat(McNemar.of(9, 1).pValue()).isCloseTo(22.0 / 1024, within(1e-12)); // 2 (1 + 10) / 2^10
        assertThat(McNemar.of(3, 3).pValue()).isEqualTo(1);
        assertThat(McNemar.of(0, 0).pValue()).isEqualTo(1);
        assertThat(McNemar.of(6000, 6000).pValue()).isEqualTo(1);
        assertThat(McNemar.of(new boolean[] {true, true, false, true}, new boolean[] {true, false, true, false}))
                .isEqualTo(new McNemar(2, 1, 1));
    }
}
