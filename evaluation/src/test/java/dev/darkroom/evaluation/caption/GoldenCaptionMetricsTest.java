// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.caption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.darkroom.evaluation.Golden;
import dev.darkroom.evaluation.caption.Bleu.ReferenceLength;
import dev.darkroom.evaluation.caption.Cider.Variant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every value of golden-metrics.json for captions, each within its own tolerance, and the published suites that were run again. */
final class GoldenCaptionMetricsTest {
    private static final JsonNode CAPTIONS = Golden.at("captions");
    private static final Offset<Double> TOLERANCE =
            within(CAPTIONS.required("abs_tol").doubleValue());
    private static final List<String> CORPORA = List.of("A", "B_edge", "C_single_image");

    private static List<CaptionedImage> corpus(JsonNode images) {
        return Golden.elements(images)
                .map(image -> CaptionedImage.split(
                        image.required("id").textValue(),
                        image.required("candidate").textValue(),
                        Golden.texts(image.required("references"))))
                .toList();
    }

    private static Bleu bleu(List<CaptionedImage> corpus, ReferenceLength mode) {
        return Bleu.sum(corpus.stream().map(image -> Bleu.of(image, mode)).toList());
    }

    private static double mean(List<CaptionedImage> corpus, ToDoubleFunction<CaptionedImage> metric) {
        return corpus.stream().mapToDouble(metric).average().orElseThrow();
    }

    @TestFactory
    Stream<DynamicTest> corpora() {
        return CORPORA.stream().flatMap(name -> {
            JsonNode golden = CAPTIONS.required(name);
            List<CaptionedImage> corpus = corpus(golden.required("images"));
            return Stream.of(
                    dynamicTest(name + " BLEU", () -> assertBleu(golden.required("bleu"), corpus)),
                    dynamicTest(name + " ROUGE-L", () -> assertRougeL(golden.required("rouge_l"), corpus)),
                    dynamicTest(name + " CIDEr-D", () -> assertCiderD(golden.required("cider_d"), corpus)),
                    dynamicTest(name + " CIDEr", () -> assertCider(golden.required("cider_plain"), corpus)),
                    dynamicTest(name + " together", () -> assertTogether(golden, corpus)));
        });
    }

    private static void assertBleu(JsonNode golden, List<CaptionedImage> corpus) {
        Bleu sum = bleu(corpus, ReferenceLength.CLOSEST);
        assertScores(sum.scores(), golden.required("corpus"));
        assertScores(sum.unsmoothed(), golden.required("corpus_unsmoothed"));
        JsonNode counts = golden.required("counts");
        assertThat(sum.correct()).isEqualTo(longs(counts.required("correct")));
        assertThat(sum.guess()).isEqualTo(longs(counts.required("guess")));
        assertThat(sum.candidateLength()).isEqualTo(counts.required("testlen").longValue());
        assertThat(sum.referenceLength()).isEqualTo(counts.required("reflen").doubleValue());
        assertScores(bleu(corpus, ReferenceLength.SHORTEST).scores(), golden.required("corpus_reflen_shortest"));
        assertScores(bleu(corpus, ReferenceLength.AVERAGE).scores(), golden.required("corpus_reflen_average"));
        for (CaptionedImage image : corpus) {
            Bleu one = Bleu.of(image, ReferenceLength.CLOSEST);
            assertScores(one.scores(), golden.required("per_image").required(image.id()));
            assertThat(List.of((double) one.candidateLength(), one.referenceLength()))
                    .containsExactlyElementsOf(Golden.elements(
                                    golden.required("per_image_len_and_reflen").required(image.id()))
                            .map(JsonNode::doubleValue)
                            .toList());
        }
    }

    private static void assertScores(double[] scores, JsonNode golden) {
        assertThat(scores).containsExactly(Golden.numbers(golden), TOLERANCE);
    }

    private static List<Long> longs(JsonNode array) {
        return Arrays.stream(Golden.integers(array)).asLongStream().boxed().toList();
    }

    private static void assertRougeL(JsonNode golden, List<CaptionedImage> corpus) {
        assertThat(mean(corpus, RougeL::of)).isCloseTo(golden.required("mean").doubleValue(), TOLERANCE);
        for (CaptionedImage image : corpus) {
            assertThat(RougeL.of(image))
                    .isCloseTo(golden.required("per_image").required(image.id()).doubleValue(), TOLERANCE);
        }
        assertThat(mean(corpus, GoldenCaptionMetricsTest::bestSingleReference))
                .isCloseTo(golden.required("mean_if_best_single_reference").doubleValue(), TOLERANCE);
    }

    /** The other convention, which the file gives so that the two are not mixed up. */
    private static double bestSingleReference(CaptionedImage image) {
        return image.references().stream()
                .mapToDouble(it -> RougeL.of(new CaptionedImage(image.id(), image.candidate(), List.of(it))))
                .max()
                .orElseThrow();
    }

    private static void assertCiderD(JsonNode golden, List<CaptionedImage> corpus) {
        Cider cider = Cider.over(corpus, Variant.CIDER_D);
        assertThat(mean(corpus, cider::of)).isCloseTo(golden.required("mean").doubleValue(), TOLERANCE);
        for (CaptionedImage image : corpus) {
            assertThat(cider.of(image))
                    .isCloseTo(golden.required("per_image").required(image.id()).doubleValue(), TOLERANCE);
            assertScores(
                    cider.byLength(image),
                    golden.required("per_image_by_ngram_times10").required(image.id()));
        }
        assertThat(mean(corpus, Cider.over(corpus, Variant.CIDER_D, 1, corpus.size())::of))
                .isCloseTo(golden.required("mean_sigma_1").doubleValue(), TOLERANCE);
        assertThat(mean(corpus, Cider.over(corpus, Variant.CIDER_D, 6, 40_504)::of))
                .isCloseTo(golden.required("mean_with_log_document_count_40504").doubleValue(), TOLERANCE);
    }

    private static void assertCider(JsonNode golden, List<CaptionedImage> corpus) {
        Cider cider = Cider.over(corpus, Variant.CIDER);
        assertThat(mean(corpus, cider::of)).isCloseTo(golden.required("mean").doubleValue(), TOLERANCE);
        for (CaptionedImage image : corpus) {
            assertThat(cider.of(image))
                    .isCloseTo(golden.required("per_image").required(image.id()).doubleValue(), TOLERANCE);
        }
    }

    private static void assertTogether(JsonNode golden, List<CaptionedImage> corpus) {
        var scores = CaptionScores.of(corpus).scores();
        double[] bleu = Golden.numbers(golden.required("bleu").required("corpus"));
        for (int n = 0; n < bleu.length; n++) {
            assertThat(scores.get("bleu_" + (n + 1))).isCloseTo(bleu[n], TOLERANCE);
        }
        assertThat(scores.get("rouge_l"))
                .isCloseTo(golden.required("rouge_l").required("mean").doubleValue(), TOLERANCE);
        assertThat(scores.get("cider_d"))
                .isCloseTo(golden.required("cider_d").required("mean").doubleValue(), TOLERANCE);
        assertThat(scores.get("cider"))
                .isCloseTo(golden.required("cider_plain").required("mean").doubleValue(), TOLERANCE);
    }

    @Test
    void scores_withoutTokenizing_areTheOnesOfThatMistake() {
        JsonNode golden = CAPTIONS.required("A_scored_without_tokenising");
        List<CaptionedImage> raw = corpus(CAPTIONS.required("A_raw"));
        assertScores(bleu(raw, ReferenceLength.CLOSEST).scores(), golden.required("bleu"));
        assertThat(mean(raw, RougeL::of)).isCloseTo(golden.required("rouge_l").doubleValue(), TOLERANCE);
        assertThat(mean(raw, Cider.over(raw, Variant.CIDER_D)::of))
                .isCloseTo(golden.required("cider_d").doubleValue(), TOLERANCE);
    }

    @TestFactory
    Stream<DynamicTest> published_suitesRunAgain() {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode suite : Golden.at("published")) {
            JsonNode rerun = suite.path("rerun");
            if (rerun.isMissingNode()) {
                continue;
            }
            tests.add(dynamicTest(suite.required("id").textValue(), () -> {
                List<CaptionedImage> corpus = corpus(rerun.required("images"));
                assertScores(bleu(corpus, ReferenceLength.CLOSEST).scores(), rerun.required("bleu"));
                assertThat(mean(corpus, RougeL::of))
                        .isCloseTo(rerun.required("rouge_l").doubleValue(), TOLERANCE);
                assertThat(mean(corpus, Cider.over(corpus, Variant.CIDER_D)::of))
                        .isCloseTo(rerun.required("cider_d").doubleValue(), TOLERANCE);
            }));
        }
        assertThat(tests).hasSize(4);
        return tests.stream();
    }

    @Test
    void bleu_publishedCountsOfCoco_givePublishedScores() {
        JsonNode suite = Golden.elements(Golden.at("published"))
                .filter(it -> it.has("published_counts"))
                .findFirst()
                .orElseThrow();
        JsonNode counts = suite.required("published_counts");
        Bleu bleu = new Bleu(
                longs(counts.required("correct")),
                longs(counts.required("guess")),
                counts.required("testlen").longValue(),
                counts.required("reflen").doubleValue());
        assertScores(bleu.scores(), suite.required("bleu_from_published_counts"));
        assertScores(bleu.unsmoothed(), suite.required("bleu_unsmoothed_from_published_counts"));
    }

    @TestFactory
    Stream<DynamicTest> meteor_arithmetic() {
        return Golden.elements(Golden.at("meteor", "arithmetic"))
                .map(golden ->
                        dynamicTest(golden.required("id").textValue(), () -> assertMeteor(golden, statistics(golden))));
    }

    private static Meteor statistics(JsonNode golden) {
        Meteor.Words matched = words(golden, "matched");
        return new Meteor(
                words(golden, "hyp"),
                words(golden, "ref"),
                new Meteor.Matched(matched, matched),
                matched.content() + matched.function(),
                golden.required("chunks").doubleValue());
    }

    private static Meteor.Words words(JsonNode golden, String which) {
        return new Meteor.Words(
                golden.required(which + "_content").doubleValue(),
                golden.required(which + "_function").doubleValue());
    }

    private static void assertMeteor(JsonNode golden, Meteor meteor) {
        Offset<Double> tolerance = within(golden.required("abs_tol").doubleValue());
        assertThat(meteor.precision()).isCloseTo(golden.required("precision").doubleValue(), tolerance);
        assertThat(meteor.recall()).isCloseTo(golden.required("recall").doubleValue(), tolerance);
        assertThat(meteor.fmean()).isCloseTo(golden.required("fmean").doubleValue(), tolerance);
        assertThat(meteor.fragmentationPenalty())
                .isCloseTo(golden.required("fragmentation_penalty").doubleValue(), tolerance);
        assertThat(meteor.score()).isCloseTo(golden.required("score").doubleValue(), tolerance);
    }

    @Test
    void meteor_texts_areMatchedAsRecorded() {
        JsonNode golden = Golden.at("meteor", "arithmetic");
        assertMeteor(
                golden.get(0),
                Meteor.of(CaptionedImage.split(
                        "m1", "this is a good test", List.of("this is also a test", "this is a test"))));
        assertMeteor(
                golden.get(1),
                Meteor.of(CaptionedImage.split(
                        "m2", "le test est en fran\u00e7ais .", List.of("le test en fran\u00e7ais ."))));
    }

    @Test
    void meteor_wordsOfOneStem_matchForLess() {
        Meteor stems = Meteor.of(CaptionedImage.split("s", "dogs running", List.of("dog runs")));
        assertThat(stems.matches()).isEqualTo(2);
        assertThat(stems.score()).isCloseTo(0.6, within(1e-12)); // one chunk over both texts: no penalty
    }
}
