// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.darkroom.evaluation.Bootstrap;
import dev.darkroom.evaluation.Golden;
import dev.darkroom.evaluation.Interval;
import dev.darkroom.evaluation.feature.KernelInceptionDistance.Subsets;
import dev.darkroom.evaluation.feature.MaximumMeanDiscrepancy.Estimator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against darkroom_training.record_metrics, which computes every pair's distance on its own. */
final class ManifoldMetricsTest {
    private JsonNode recorded = JsonMapper.builder().build().nullNode();
    private Features real = Features.of(List.of(new double[] {0}));
    private Features fake = real;

    @BeforeEach
    void read() throws IOException {
        recorded = new JsonMapper()
                .readTree(Path.of("src/test/resources/manifold-metrics.json").toFile());
        real = Golden.features(recorded.required("x"));
        fake = Golden.features(recorded.required("y"));
    }

    @Test
    void precisionRecallDensityCoverage_recordedSets_equalTheDefinition() {
        for (JsonNode golden : recorded.required("manifold")) {
            int k = golden.required("k").intValue();
            PrecisionRecall precisionRecall = PrecisionRecall.of(real, fake, k);
            DensityCoverage densityCoverage = DensityCoverage.of(real, fake, k);
            assertThat(precisionRecall.precision())
                    .isCloseTo(golden.required("precision").doubleValue(), within(1e-12));
            assertThat(precisionRecall.recall())
                    .isCloseTo(golden.required("recall").doubleValue(), within(1e-12));
            assertThat(densityCoverage.density())
                    .isCloseTo(golden.required("density").doubleValue(), within(1e-12));
            assertThat(densityCoverage.coverage())
                    .isCloseTo(golden.required("coverage").doubleValue(), within(1e-12));
        }
    }

    @Test
    void precisionRecall_sameSet_isWhole() {
        PrecisionRecall same = PrecisionRecall.of(real, real, 3);
        assertThat(same.precision()).isEqualTo(1);
        assertThat(same.recall()).isEqualTo(1);
    }

    @Test
    void precisionRecall_setsFarApart_isNothing() {
        Features far = Features.of(Golden.lcgRows(9, 40, 6).stream()
                .map(row -> {
                    row[0] += 100;
                    return row;
                })
                .toList());
        assertThat(PrecisionRecall.of(real, far, 3).precision()).isZero();
        assertThat(DensityCoverage.of(real, far, 5).coverage()).isZero();
    }

    @Test
    void cmmd_recordedSets_equalsTheDefinition() {
        assertThat(ClipMaximumMeanDiscrepancy.between(real, fake).value())
                .isCloseTo(recorded.required("cmmd").doubleValue(), within(1e-9));
    }

    @Test
    void kid_drawnBlocks_areNumpys() {
        JsonNode golden = recorded.required("kid");
        KernelInceptionDistance kid = KernelInceptionDistance.between(
                real,
                fake,
                Kernel.Polynomial.ofKid(real.width()),
                Estimator.UNBIASED,
                new Subsets(
                        golden.required("blocks").intValue(),
                        golden.required("size").intValue(),
                        golden.required("seed").intValue()));
        assertThat(kid.mean()).isCloseTo(golden.required("mean").doubleValue(), within(1e-12));
        assertThat(kid.standardDeviation()).isCloseTo(golden.required("std").doubleValue(), within(1e-12));
    }

    @Test
    void interval_ofMmd_holdsTheValueAndNarrowsWithMorePictures() {
        Bootstrap bootstrap = new Bootstrap(400, 0.95, 5);
        Interval few = mmd(40).interval(bootstrap);
        Interval many = mmd(640).interval(bootstrap);
        double value = mmd(640).value();
        assertThat(value).isBetween(many.low(), many.high());
        double ratio = (few.high() - few.low()) / (many.high() - many.low());
        assertThat(ratio).isBetween(2.0, 8.0); // 4 for sixteen times as many
    }

    private static MaximumMeanDiscrepancy mmd(int count) {
        Features x = Features.of(Golden.lcgRows(81, count, 6));
        Features y = Features.of(Golden.lcgRows(82, count, 6).stream()
                .map(row -> {
                    row[0] += 0.8;
                    return row;
                })
                .toList());
        return MaximumMeanDiscrepancy.between(x, y, Kernel.Polynomial.ofKid(6), Estimator.UNBIASED);
    }
}
