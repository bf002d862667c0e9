// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import dev.darkroom.evaluation.Golden;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class FeatureStatisticsTest {
    private static final int WIDTH = 12;
    private static final List<double[]> ROWS = Golden.lcgRows(71, 1000, WIDTH);

    private static FeatureStatistics of(List<double[]> rows) {
        FeatureStatistics statistics = new FeatureStatistics(WIDTH);
        rows.forEach(statistics::add);
        return statistics;
    }

    private static void assertEquals(FeatureStatistics statistics, FeatureStatistics expected, double tolerance) {
        Gaussian found = statistics.gaussian(Divisor.N_MINUS_1);
        Gaussian wanted = expected.gaussian(Divisor.N_MINUS_1);
        assertThat(found.count()).isEqualTo(wanted.count());
        assertThat(found.mean()).containsExactly(wanted.mean(), within(tolerance));
        for (int i = 0; i < WIDTH; i++) {
            for (int j = 0; j < WIDTH; j++) {
                assertThat(found.covariance(i, j)).isCloseTo(wanted.covariance(i, j), within(tolerance));
            }
        }
    }

    @Test
    void gaussian_manyFeatures_isTheTwoPassCovariance() {
        Gaussian gaussian = of(ROWS).gaussian(Divisor.N_MINUS_1);
        double mean0 = ROWS.stream().mapToDouble(row -> row[0]).average().orElseThrow();
        double mean5 = ROWS.stream().mapToDouble(row -> row[5]).average().orElseThrow();
        double products = ROWS.stream()
                .mapToDouble(row -> (row[0] - mean0) * (row[5] - mean5))
                .sum();
        assertThat(gaussian.mean()[0]).isCloseTo(mean0, within(1e-14));
        assertThat(gaussian.covariance(0, 5)).isCloseTo(products / (ROWS.size() - 1), within(1e-14));
        assertThat(gaussian.covariance(5, 0)).isEqualTo(gaussian.covariance(0, 5));
    }

    @Test
    void merge_unevenShards_equalsTheWhole() {
        FeatureStatistics merged = of(ROWS.subList(0, 1));
        merged.merge(of(ROWS.subList(1, 1)));
        merged.merge(of(ROWS.subList(1, 700)));
        merged.merge(of(ROWS.subList(700, 1000)));
        assertEquals(merged, of(ROWS), 1e-13);
    }

    @Test
    void gaussian_readInBetween_changesNothing() {
        FeatureStatistics statistics = of(ROWS.subList(0, 300));
        statistics.gaussian(Divisor.N);
        ROWS.subList(300, 1000).forEach(statistics::add);
        assertEquals(statistics, of(ROWS), 1e-13);
    }

    @Test
    void read_written_isTheSameToTheBit() throws IOException {
        FeatureStatistics statistics = of(ROWS);
        assertEquals(FeatureStatistics.read(input(bytes(statistics))), statistics, 0);
    }

    @Test
    void read_somethingElse_isRefused() throws IOException {
        byte[] bytes = bytes(of(ROWS));
        assertThatExceptionOfType(EOFException.class)
                .isThrownBy(() -> FeatureStatistics.read(input(Arrays.copyOf(bytes, bytes.length - 1))));
        bytes[0]++;
        assertThatExceptionOfType(EvaluationException.class)
                .isThrownBy(() -> FeatureStatistics.read(input(bytes)))
                .extracting(EvaluationException::reason)
                .isEqualTo(Reason.UNREADABLE);
    }

    @Test
    void read_damagedNumbers_isRefused() throws IOException {
        byte[] bytes = bytes(of(ROWS));
        Arrays.fill(bytes, bytes.length - 8, bytes.length, (byte) 0xff); // a NaN
        assertThatExceptionOfType(EvaluationException.class)
                .isThrownBy(() -> FeatureStatistics.read(input(bytes)))
                .withMessageContaining("damaged");
    }

    private static byte[] bytes(FeatureStatistics statistics) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        statistics.write(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    private static DataInputStream input(byte[] bytes) {
        return new DataInputStream(new ByteArrayInputStream(bytes));
    }

    @Test
    void add_tenThousandFeatures_keepsNoMoreThanForOne() {
        FeatureStatistics statistics = new FeatureStatistics(WIDTH);
        statistics.add(ROWS.getFirst());
        long held = statistics.heldDoubles();
        FeatureReservoir reservoir = new FeatureReservoir(500, 0);
        for (int i = 0; i < 10_000; i++) {
            double[] feature = ROWS.get(i % ROWS.size());
            statistics.add(feature);
            reservoir.add(feature);
        }
        assertThat(statistics.count()).isEqualTo(10_001);
        assertThat(statistics.heldDoubles()).isEqualTo(held).isEqualTo(WIDTH * WIDTH + 128 * WIDTH + WIDTH);
        assertThat(reservoir.seen()).isEqualTo(10_000);
        assertThat(reservoir.size()).isEqualTo(500);
    }

    @Test
    void add_refusedFeature_isNotTakenIn() {
        FeatureStatistics statistics = of(ROWS.subList(0, 5));
        double[] broken = ROWS.get(5).clone();
        broken[3] = Double.NaN;
        assertThatExceptionOfType(EvaluationException.class)
                .isThrownBy(() -> statistics.add(broken))
                .withMessage("feature 5 is NaN at position 3");
        assertThat(statistics.count()).isEqualTo(5);
        assertEquals(statistics, of(ROWS.subList(0, 5)), 0);
    }
}
