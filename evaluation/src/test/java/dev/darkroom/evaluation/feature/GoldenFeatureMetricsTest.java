// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.feature;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.darkroom.evaluation.Golden;
import dev.darkroom.evaluation.NumpyRandomState;
import dev.darkroom.evaluation.feature.MaximumMeanDiscrepancy.Estimator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every value of golden-metrics.json for metrics of features, each within its own tolerance. */
final class GoldenFeatureMetricsTest {

    private static Stream<DynamicTest> cases(JsonNode array, Consumer<JsonNode> test) {
        return Golden.elements(array)
                .map(it -> dynamicTest(
                        it.required("id").textValue() + " "
                                + it.required("what").textValue(),
                        () -> test.accept(it)));
    }

    private static Offset<Double> tolerance(JsonNode golden) {
        return within(golden.required("abs_tol").doubleValue());
    }

    private static Divisor divisor(JsonNode golden) {
        return golden.required("cov_divisor").textValue().equals("N") ? Divisor.N : Divisor.N_MINUS_1;
    }

    @TestFactory
    Stream<DynamicTest> frechetDistance_features() {
        return cases(Golden.at("frechet", "from_features"), golden -> {
            Gaussian x =
                    FeatureStatistics.of(Golden.features(golden.required("x"))).gaussian(divisor(golden));
            Gaussian y =
                    FeatureStatistics.of(Golden.features(golden.required("y"))).gaussian(divisor(golden));
            FrechetDistance distance = FrechetDistance.between(x, y);
            assertThat(distance.value()).isCloseTo(golden.required("fid").doubleValue(), tolerance(golden));
            assertThat(distance.meanTerm())
                    .isCloseTo(golden.required("mean_term").doubleValue(), tolerance(golden));
            assertThat(distance.trace1()).isCloseTo(golden.required("trace_1").doubleValue(), tolerance(golden));
            assertThat(distance.trace2()).isCloseTo(golden.required("trace_2").doubleValue(), tolerance(golden));
            assertThat(distance.traceSqrt())
                    .isCloseTo(golden.required("trace_sqrt").doubleValue(), tolerance(golden));
            assertInputs(golden.path("check"), x);
        });
    }

    private static void assertInputs(JsonNode check, Gaussian x) {
        if (check.isMissingNode()) {
            return;
        }
        assertThat(x.mean()[0]).isCloseTo(check.required("mu1_0").doubleValue(), within(1e-11));
        assertThat(x.covariance(0, 0)).isCloseTo(check.required("cov1_00").doubleValue(), within(1e-11));
        if (check.required("cov1_01").isNumber()) {
            assertThat(x.covariance(0, 1)).isCloseTo(check.required("cov1_01").doubleValue(), within(1e-11));
        }
    }

    @TestFactory
    Stream<DynamicTest> frechetDistance_statistics() {
        return cases(Golden.at("frechet", "from_statistics"), golden -> {
            List<Gaussian> pair = switch (golden.required("id").textValue()) {
                case "frechet-stat-1" -> List.of(identity(2048, 0), identity(2048, 1));
                case "frechet-stat-2" -> List.of(diagonal(golden, "1"), diagonal(golden, "2"));
                default -> List.of(full(golden, "1"), full(golden, "2"));
            };
            assertThat(FrechetDistance.between(pair.getFirst(), pair.getLast()).value())
                    .isCloseTo(golden.required("fid").doubleValue(), tolerance(golden));
        });
    }

    private static Gaussian identity(int width, double mean) {
        double[] means = new double[width];
        Arrays.fill(means, mean);
        double[] variances = new double[width];
        Arrays.fill(variances, 1);
        return diagonal(means, variances);
    }

    private static Gaussian diagonal(JsonNode golden, String which) {
        return diagonal(Golden.numbers(golden.required("mu" + which)), Golden.numbers(golden.required("var" + which)));
    }

    private static Gaussian diagonal(double[] mean, double[] variances) {
        double[][] covariance = new double[mean.length][mean.length];
        for (int i = 0; i < mean.length; i++) {
            covariance[i][i] = variances[i];
        }
        return Gaussian.of(10_000, mean, covariance);
    }

    private static Gaussian full(JsonNode golden, String which) {
        double[][] covariance = Golden.elements(golden.required("cov" + which))
                .map(Golden::numbers)
                .toArray(double[][]::new);
        return Gaussian.of(10_000, Golden.numbers(golden.required("mu" + which)), covariance);
    }

    @Test
    void gaussian_featuresFarFromZero_doesNotFallIntoTheOnePassTrap() {
        JsonNode trap = Golden.at("frechet", "one_pass_trap");
        JsonNode inputs = Golden.at("frechet", "from_features").get(5);
        double value = FrechetDistance.between(
                        FeatureStatistics.of(Golden.features(inputs.required("x")))
                                .gaussian(Divisor.N),
                        FeatureStatistics.of(Golden.features(inputs.required("y")))
                                .gaussian(Divisor.N))
                .value();
        assertThat(value).isCloseTo(trap.required("exact").doubleValue(), within(1e-9));
        assertThat(Math.abs(value - trap.required("one_pass_value").doubleValue()))
                .isGreaterThan(1e-8);
    }

    private static Kernel kernel(JsonNode golden, int width) {
        JsonNode kernel = golden.path("kernel");
        if (kernel.path("type").asText().equals("rbf")) {
            return new Kernel.Rbf(kernel.required("sigma").doubleValue());
        }
        if (kernel.path("gamma").asText("1/D").equals("1/D")) {
            return Kernel.Polynomial.ofKid(width);
        }
        return new Kernel.Polynomial(
                kernel.required("degree").intValue(),
                kernel.required("gamma").doubleValue(),
                kernel.required("coef0").doubleValue());
    }

    @TestFactory
    Stream<DynamicTest> kernelDistance() {
        return cases(Golden.at("kid"), golden -> {
            Features x = Golden.features(golden.required("x"));
            Features y = Golden.features(golden.required("y"));
            Kernel kernel = kernel(golden, x.width());
            int asserted = 0;
            for (var form : Map.of(
                            "unbiased", Estimator.UNBIASED,
                            "biased", Estimator.BIASED,
                            "u_statistic", Estimator.U_STATISTIC)
                    .entrySet()) {
                if (golden.has(form.getKey())) {
                    double value = MaximumMeanDiscrepancy.between(x, y, kernel, form.getValue())
                            .value();
                    assertThat(value)
                            .as(form.getKey())
                            .isCloseTo(golden.required(form.getKey()).doubleValue(), tolerance(golden));
                    asserted++;
                }
            }
            assertThat(asserted + golden.path("blocks").size()).isPositive();
            if (golden.has("blocks")) {
                assertBlocks(golden, x, y, kernel);
            }
        });
    }

    private static void assertBlocks(JsonNode golden, Features x, Features y, Kernel kernel) {
        List<Double> values = new ArrayList<>();
        for (JsonNode block : golden.required("blocks")) {
            double value = MaximumMeanDiscrepancy.between(
                            x.select(Golden.integers(block.required("x_rows"))),
                            y.select(Golden.integers(block.required("y_rows"))),
                            kernel,
                            Estimator.UNBIASED)
                    .value();
            assertThat(value).isCloseTo(block.required("unbiased").doubleValue(), tolerance(golden));
            values.add(value);
        }
        KernelInceptionDistance distance = KernelInceptionDistance.of(values);
        assertThat(distance.mean()).isCloseTo(golden.required("mean").doubleValue(), tolerance(golden));
        assertThat(distance.standardDeviation())
                .isCloseTo(golden.required("std_population").doubleValue(), tolerance(golden));
    }

    @TestFactory
    Stream<DynamicTest> inceptionScore() {
        return cases(Golden.at("inception_score"), golden -> {
            ObjectNode formula = golden.required("logits").deepCopy();
            JsonNode order = golden.path("permutation");
            InceptionScore score = InceptionScore.of(
                    Golden.features(formula),
                    golden.required("splits").intValue(),
                    order.isArray() ? Golden.integers(order) : null);
            assertThat(score.mean()).isCloseTo(golden.required("mean").doubleValue(), tolerance(golden));
            assertThat(score.standardDeviation())
                    .isCloseTo(golden.required("std_population").doubleValue(), tolerance(golden));
            double[] splits = Golden.numbers(golden.path("per_split"));
            for (int i = 0; i < splits.length; i++) {
                assertThat(score.splits().get(i)).isCloseTo(splits[i], tolerance(golden));
            }
        });
    }

    @Test
    void shuffled_recordedPermutation_isNumpys() {
        int[] recorded = Golden.integers(Golden.at("inception_score").get(2).required("permutation"));
        assertThat(InceptionScore.shuffled(recorded.length)).containsExactly(recorded);
        assertThat(new NumpyRandomState(2020).choice(recorded.length, 5)).containsExactly(Arrays.copyOf(recorded, 5));
    }

    private static double[] clipVector(int k) {
        return IntStream.range(0, Golden.at("clipscore", "vector", "dim").intValue())
                .mapToDouble(d -> Math.sin(1.1 * k + 0.7 * (d + 1)) + 0.2 * Math.cos(0.9 * (k + 1) * (d + 1)))
                .toArray();
    }

    @Test
    void clipScore_goldenItems() {
        Offset<Double> tolerance = tolerance(Golden.at("clipscore"));
        double sum = 0;
        for (JsonNode item : Golden.at("clipscore", "items")) {
            double[] image = clipVector(item.required("image").intValue());
            double[] caption = clipVector(item.required("caption").intValue());
            List<double[]> references = Golden.elements(item.required("references"))
                    .map(k -> clipVector(k.intValue()))
                    .toList();
            ClipScore score = ClipScore.of(ClipScore.Variant.HESSEL_2021, image, caption);
            assertThat(ClipScore.cosine(image, caption))
                    .isCloseTo(item.required("cosine").doubleValue(), tolerance);
            assertThat(score.value()).isCloseTo(item.required("clipscore").doubleValue(), tolerance);
            assertThat(score.withReferences(caption, references))
                    .isCloseTo(item.required("refclipscore").doubleValue(), tolerance);
            assertThat(references.stream()
                            .mapToDouble(it -> ClipScore.cosine(caption, it))
                            .toArray())
                    .containsExactly(Golden.numbers(item.required("ref_cosines")), tolerance);
            assertThat(ClipScore.of(ClipScore.Variant.TORCHMETRICS, image, caption)
                            .value())
                    .isCloseTo(item.required("torchmetrics_style_100cos").doubleValue(), within(1e-8)); // times 100
            sum += score.value();
        }
        assertThat(sum / Golden.at("clipscore", "items").size())
                .isCloseTo(Golden.at("clipscore", "mean_clipscore").doubleValue(), tolerance);
    }
}
