// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.evaluation.Golden;
import dev.darkroom.evaluation.video.VbenchTotal.Dimension;
import dev.darkroom.inference.image.RgbImage;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Every value of golden-metrics.json for clips, each within its own tolerance. */
final class GoldenVideoMetricsTest {
    private static final JsonNode VIDEO = Golden.at("video");

    private static Offset<Double> tolerance(JsonNode golden) {
        return within(golden.required("abs_tol").doubleValue());
    }

    private static List<RgbImage> frames() {
        return IntStream.range(0, VIDEO.required("frames").required("count").intValue())
                .mapToObj(GoldenVideoMetricsTest::frame)
                .toList();
    }

    private static RgbImage frame(int t) {
        int width = VIDEO.required("frames").required("width").intValue();
        int height = VIDEO.required("frames").required("height").intValue();
        byte[] rgb = new byte[width * height * 3];
        int at = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                for (int c = 0; c < 3; c++) {
                    rgb[at++] = (byte) (17 * x + 31 * y + 53 * c + 29 * t * t + 7 * t * x);
                }
            }
        }
        return RgbImage.of(width, height, rgb);
    }

    private static void assertPairs(JsonNode golden, List<Double> pairs, double score) {
        assertThat(pairs.stream().mapToDouble(Double::doubleValue).toArray())
                .containsExactly(Golden.numbers(golden.required("pair_mae")), tolerance(golden));
        assertThat(score).isCloseTo(golden.required("score").doubleValue(), tolerance(golden));
    }

    @Test
    void temporalFlickering_golden() {
        TemporalFlickering flickering = TemporalFlickering.of(frames());
        assertPairs(VIDEO.required("temporal_flickering"), flickering.pairs(), flickering.score());
    }

    @Test
    void motionSmoothness_goldenWithStubInterpolator() {
        MotionSmoothness smoothness = MotionSmoothness.of(frames(), GoldenVideoMetricsTest::middle);
        assertPairs(VIDEO.required("motion_smoothness"), smoothness.pairs(), smoothness.score());
    }

    private static RgbImage middle(RgbImage before, RgbImage after) {
        byte[] rgb = new byte[before.rgb().length];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (((before.rgb()[i] & 0xff) + (after.rgb()[i] & 0xff) + 1) / 2);
        }
        return RgbImage.of(before.width(), before.height(), rgb);
    }

    @Test
    void frameConsistency_golden() {
        JsonNode golden = VIDEO.required("subject_consistency");
        List<double[]> features = IntStream.range(0, 7)
                .mapToObj(t -> IntStream.range(0, 8)
                        .mapToDouble(d -> Math.sin(0.3 * t + 0.5 * (d + 1)) + 0.1 * Math.cos(1.7 * t * (d + 1)))
                        .toArray())
                .toList();
        FrameConsistency consistency = new FrameConsistency();
        List<Double> values = consistency.add(features);
        assertThat(values.stream().mapToDouble(Double::doubleValue).toArray())
                .containsExactly(Golden.numbers(golden.required("per_frame")), tolerance(golden));
        assertThat(consistency.score()).isCloseTo(golden.required("score").doubleValue(), tolerance(golden));
    }

    @Test
    void frameConsistency_clipsOfDifferentLength_isTheMeanOverFrames() {
        FrameConsistency consistency = new FrameConsistency();
        double[] east = {1, 0};
        double[] north = {0, 1};
        consistency.add(List.of(east, east, east));
        consistency.add(List.of(east, north));
        assertThat(consistency.score()).isCloseTo(2.0 / 3, within(1e-15)); // over clips it would be 1/2
    }

    @Test
    void dynamicDegree_goldenThresholds() {
        for (JsonNode golden : VIDEO.required("dynamic_degree_thresholds").required("cases")) {
            assertThat(DynamicDegree.thresholds(
                            golden.required("frames_short_side").intValue(),
                            golden.required("frames_used").intValue()))
                    .isEqualTo(new DynamicDegree(
                            golden.required("flow_threshold").doubleValue(),
                            golden.required("moving_pairs_needed").intValue()));
        }
    }

    @Test
    void isDynamic_strongestTwentieth_decides() {
        DynamicDegree degree = new DynamicDegree(6, 1);
        double[] still = new double[100];
        double[] corner = new double[100];
        for (int i = 0; i < 5; i++) {
            corner[i] = 6.5;
        }
        assertThat(degree.isDynamic(List.of(still, still))).isFalse();
        assertThat(degree.isDynamic(List.of(still, corner))).isTrue();
        assertThat(new DynamicDegree(6, 2).isDynamic(List.of(still, corner))).isFalse();
    }

    @Test
    void vbenchTotal_golden() {
        JsonNode golden = VIDEO.required("vbench_total");
        Map<Dimension, Double> raw = new EnumMap<>(Dimension.class);
        golden.required("raw")
                .properties()
                .forEach(it -> raw.put(
                        Dimension.valueOf(it.getKey().toUpperCase(Locale.ROOT).replace(' ', '_')),
                        it.getValue().doubleValue()));
        VbenchTotal total = VbenchTotal.of(raw);
        assertThat(total.quality()).isCloseTo(golden.required("quality").doubleValue(), tolerance(golden));
        assertThat(total.semantic()).isCloseTo(golden.required("semantic").doubleValue(), tolerance(golden));
        assertThat(total.total()).isCloseTo(golden.required("total").doubleValue(), tolerance(golden));
    }
}
