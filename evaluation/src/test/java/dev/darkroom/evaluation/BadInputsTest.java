// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.darkroom.evaluation.EvaluationException.Reason;
import dev.darkroom.evaluation.caption.Bleu;
import dev.darkroom.evaluation.caption.CaptionScores;
import dev.darkroom.evaluation.caption.CaptionedImage;
import dev.darkroom.evaluation.caption.Cider;
import dev.darkroom.evaluation.caption.Meteor;
import dev.darkroom.evaluation.feature.ClipMaximumMeanDiscrepancy;
import dev.darkroom.evaluation.feature.ClipScore;
import dev.darkroom.evaluation.feature.DensityCoverage;
import dev.darkroom.evaluation.feature.Divisor;
import dev.darkroom.evaluation.feature.FeatureReservoir;
import dev.darkroom.evaluation.feature.FeatureStatistics;
import dev.darkroom.evaluation.feature.Features;
import dev.darkroom.evaluation.feature.FrechetDistance;
import dev.darkroom.evaluation.feature.Gaussian;
import dev.darkroom.evaluation.feature.InceptionScore;
import dev.darkroom.evaluation.feature.Kernel;
import dev.darkroom.evaluation.feature.KernelInceptionDistance;
import dev.darkroom.evaluation.feature.KernelInceptionDistance.Subsets;
import dev.darkroom.evaluation.feature.MaximumMeanDiscrepancy;
import dev.darkroom.evaluation.feature.MaximumMeanDiscrepancy.Estimator;
import dev.darkroom.evaluation.feature.PrecisionRecall;
import dev.darkroom.evaluation.video.DynamicDegree;
import dev.darkroom.evaluation.video.FrameConsistency;
import dev.darkroom.evaluation.video.MotionSmoothness;
import dev.darkroom.evaluation.video.TemporalFlickering;
import dev.darkroom.evaluation.video.VbenchTotal;
import dev.darkroom.inference.image.RgbImage;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** From what a metric cannot be had there is a named error, never a number. */
final class BadInputsTest {
    private static final Features ONE = features(1, 4);
    private static final Features FIVE = features(5, 4);
    private static final Features WIDER = features(5, 6);
    private static final Kernel KERNEL = Kernel.Polynomial.ofKid(4);
    private static final RgbImage PIXEL = RgbImage.of(1, 1, new byte[3]);
    private static final RgbImage TWO_PIXELS = RgbImage.of(2, 1, new byte[6]);

    private static Features features(int rows, int columns) {
        return Features.of(Golden.lcgRows(3, rows, columns));
    }

    private record Bad(String what, Reason reason, Runnable attempt) {}

    private static Gaussian gaussian(Features features) {
        return FeatureStatistics.of(features).gaussian(Divisor.N_MINUS_1);
    }

    @TestFactory
    Stream<DynamicTest> everyMetric() {
        return Stream.of(
                        new Bad("no feature", Reason.TOO_FEW_SAMPLES, () -> Features.of(List.of())),
                        new Bad("NaN", Reason.NOT_FINITE, () -> Features.of(List.of(new double[] {1, Double.NaN}))),
                        new Bad(
                                "infinity",
                                Reason.NOT_FINITE,
                                () -> new FeatureStatistics(1).add(Double.POSITIVE_INFINITY)),
                        new Bad(
                                "ragged features",
                                Reason.DIMENSION_MISMATCH,
                                () -> Features.of(List.of(new double[2], new double[3]))),
                        new Bad(
                                "features of no numbers",
                                Reason.DIMENSION_MISMATCH,
                                () -> Features.of(List.of(new double[0]))),
                        new Bad("statistics of no numbers", Reason.INVALID_SETTING, () -> new FeatureStatistics(0)),
                        new Bad(
                                "statistics, other width",
                                Reason.DIMENSION_MISMATCH,
                                () -> new FeatureStatistics(4).add(1, 2)),
                        new Bad(
                                "statistics, merged width",
                                Reason.DIMENSION_MISMATCH,
                                () -> new FeatureStatistics(4).merge(new FeatureStatistics(5))),
                        new Bad("reservoir, other width", Reason.DIMENSION_MISMATCH, () -> {
                            FeatureReservoir reservoir = new FeatureReservoir(2, 0);
                            reservoir.add(1, 2);
                            reservoir.add(1);
                        }),
                        new Bad(
                                "reservoir, empty",
                                Reason.TOO_FEW_SAMPLES,
                                () -> new FeatureReservoir(2, 0).features()),
                        new Bad(
                                "FID, no sample",
                                Reason.TOO_FEW_SAMPLES,
                                () -> new FeatureStatistics(4).gaussian(Divisor.N)),
                        new Bad("FID, one sample", Reason.TOO_FEW_SAMPLES, () -> gaussian(ONE)),
                        new Bad(
                                "FID, widths",
                                Reason.DIMENSION_MISMATCH,
                                () -> FrechetDistance.between(gaussian(FIVE), gaussian(WIDER))),
                        new Bad(
                                "covariance not symmetric",
                                Reason.INVALID_SETTING,
                                () -> Gaussian.of(9, new double[2], new double[][] {{1, 2}, {3, 1}})),
                        new Bad(
                                "covariance not square",
                                Reason.DIMENSION_MISMATCH,
                                () -> Gaussian.of(9, new double[2], new double[][] {{1, 2}})),
                        new Bad(
                                "MMD, one sample",
                                Reason.TOO_FEW_SAMPLES,
                                () -> MaximumMeanDiscrepancy.between(ONE, FIVE, KERNEL, Estimator.UNBIASED)),
                        new Bad(
                                "MMD, widths",
                                Reason.DIMENSION_MISMATCH,
                                () -> MaximumMeanDiscrepancy.between(FIVE, WIDER, KERNEL, Estimator.UNBIASED)),
                        new Bad(
                                "MMD, u-statistic of sets of other size",
                                Reason.DIMENSION_MISMATCH,
                                () -> MaximumMeanDiscrepancy.between(
                                        FIVE, features(4, 4), KERNEL, Estimator.U_STATISTIC)),
                        new Bad(
                                "KID, block",
                                Reason.BLOCK_TOO_LARGE,
                                () -> KernelInceptionDistance.between(
                                        FIVE, FIVE, KERNEL, Estimator.UNBIASED, new Subsets(1, 6, 0))),
                        new Bad("KID, block of one", Reason.INVALID_SETTING, () -> new Subsets(1, 1, 0)),
                        new Bad("sigma", Reason.INVALID_SETTING, () -> new Kernel.Rbf(0)),
                        new Bad("degree", Reason.INVALID_SETTING, () -> new Kernel.Polynomial(0, 1, 1)),
                        new Bad(
                                "CMMD, zeros",
                                Reason.NO_DIRECTION,
                                () -> ClipMaximumMeanDiscrepancy.between(
                                        Features.of(List.of(new double[4], new double[4])), FIVE)),
                        new Bad("IS, one sample", Reason.TOO_FEW_SAMPLES, () -> InceptionScore.of(ONE, 1, null)),
                        new Bad("IS, splits", Reason.BLOCK_TOO_LARGE, () -> InceptionScore.of(FIVE, 6, null)),
                        new Bad(
                                "CLIPScore, zeros",
                                Reason.NO_DIRECTION,
                                () -> ClipScore.cosine(new double[2], new double[] {1, 0})),
                        new Bad(
                                "CLIPScore, NaN",
                                Reason.NOT_FINITE,
                                () -> ClipScore.cosine(new double[] {Double.NaN}, new double[] {1})),
                        new Bad(
                                "RefCLIPScore",
                                Reason.EMPTY_REFERENCES,
                                () -> new ClipScore(ClipScore.Variant.HESSEL_2021, 1)
                                        .withReferences(new double[] {1}, List.of())),
                        new Bad(
                                "precision and recall, k",
                                Reason.BLOCK_TOO_LARGE,
                                () -> PrecisionRecall.of(FIVE, FIVE, 5)),
                        new Bad("coverage, k", Reason.BLOCK_TOO_LARGE, () -> DensityCoverage.of(FIVE, FIVE, 0)),
                        new Bad(
                                "no references",
                                Reason.EMPTY_REFERENCES,
                                () -> CaptionedImage.tokenized("a", "a cat", List.of())),
                        new Bad(
                                "a reference of punctuation",
                                Reason.EMPTY_REFERENCES,
                                () -> CaptionedImage.tokenized("a", "a cat", List.of("a cat", "..."))),
                        new Bad("no captions", Reason.TOO_FEW_SAMPLES, () -> CaptionScores.of(List.of())),
                        new Bad("BLEU", Reason.TOO_FEW_SAMPLES, () -> Bleu.sum(List.of())),
                        new Bad("METEOR", Reason.TOO_FEW_SAMPLES, () -> Meteor.sum(List.of())),
                        new Bad("CIDEr", Reason.TOO_FEW_SAMPLES, () -> Cider.over(List.of(), Cider.Variant.CIDER_D)),
                        new Bad(
                                "flickering of one frame",
                                Reason.TOO_FEW_SAMPLES,
                                () -> TemporalFlickering.of(List.of(PIXEL))),
                        new Bad(
                                "frames of two sizes",
                                Reason.DIMENSION_MISMATCH,
                                () -> TemporalFlickering.of(List.of(PIXEL, TWO_PIXELS))),
                        new Bad(
                                "smoothness of two frames",
                                Reason.TOO_FEW_SAMPLES,
                                () -> MotionSmoothness.of(List.of(PIXEL, PIXEL), (before, _) -> before)),
                        new Bad(
                                "consistency of one frame",
                                Reason.TOO_FEW_SAMPLES,
                                () -> new FrameConsistency().add(List.of(new double[] {1}))),
                        new Bad("consistency of no clip", Reason.TOO_FEW_SAMPLES, () -> new FrameConsistency().score()),
                        new Bad("dynamic degree", Reason.INVALID_SETTING, () -> DynamicDegree.thresholds(0, 8)),
                        new Bad("VBench", Reason.NOT_FINITE, () -> VbenchTotal.of(Map.of())),
                        new Bad("bootstrap", Reason.INVALID_SETTING, () -> new Bootstrap(5, 0.95, 0)),
                        new Bad(
                                "bootstrap, one sample",
                                Reason.TOO_FEW_SAMPLES,
                                () -> new Bootstrap(50, 0.95, 0).mean(List.of(1.0))),
                        new Bad("McNemar", Reason.DIMENSION_MISMATCH, () -> McNemar.of(new boolean[1], new boolean[2])))
                .map(bad -> dynamicTest(
                        bad.what,
                        () -> assertThatExceptionOfType(EvaluationException.class)
                                .isThrownBy(bad.attempt::run)
                                .extracting(EvaluationException::reason)
                                .isEqualTo(bad.reason)));
    }

    @Test
    void frechetDistance_noMorePicturesThanDimensions_warns() {
        FrechetDistance few = FrechetDistance.between(gaussian(features(4, 4)), gaussian(features(50, 4)));
        FrechetDistance enough = FrechetDistance.between(gaussian(FIVE), gaussian(features(50, 4)));
        assertThat(few.warnings()).singleElement().asString().startsWith("4 samples for features of length 4");
        assertThat(enough.warnings()).isEmpty();
    }
}
