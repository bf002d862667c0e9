// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.darkroom.evaluation.Bootstrap;
import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.Golden;
import dev.darkroom.evaluation.Interval;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SavedStatisticsTest {
    private static final Features X = Features.of(Golden.lcgRows(5, 300, 4));
    private static final Features Y = Features.of(Golden.lcgRows(6, 200, 4));

    @TempDir
    private Path folder;

    @Test
    void read_written_givesTheSameDistance() throws IOException {
        Path file = folder.resolve("real.stats");
        new SavedStatistics("net", "size 8", FeatureStatistics.of(X)).write(file);
        SavedStatistics read = SavedStatistics.read(file);
        assertThat(FrechetDistance.between(
                                read.statistics().gaussian(Divisor.N_MINUS_1),
                                FeatureStatistics.of(Y).gaussian(Divisor.N_MINUS_1))
                        .value())
                .isEqualTo(FrechetDistance.between(
                                FeatureStatistics.of(X).gaussian(Divisor.N_MINUS_1),
                                FeatureStatistics.of(Y).gaussian(Divisor.N_MINUS_1))
                        .value());
        assertThatExceptionOfType(EvaluationException.class)
                .isThrownBy(() -> read.requireNetwork("net", "size 9"))
                .withMessageContaining("size 8");
    }

    @Test
    void read_somethingElse_isRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("real.stats"), "no statistics");
        assertThatExceptionOfType(EvaluationException.class).isThrownBy(() -> SavedStatistics.read(file));
    }

    @Test
    void interval_ofDistance_holdsItAndMovesWithIt() {
        double value = FrechetDistance.between(
                        FeatureStatistics.of(X).gaussian(Divisor.N_MINUS_1),
                        FeatureStatistics.of(Y).gaussian(Divisor.N_MINUS_1))
                .value();
        Bootstrap bootstrap = new Bootstrap(100, 0.9, 3);
        Interval interval = FrechetDistance.interval(X, Y, Divisor.N_MINUS_1, value, bootstrap);
        assertThat(interval.low()).isLessThan(value);
        assertThat(interval.high()).isGreaterThan(value);
        Interval moved = FrechetDistance.interval(X, Y, Divisor.N_MINUS_1, value + 1, bootstrap);
        assertThat(moved.low() - interval.low()).isCloseTo(1, within(1e-12));
    }
}
