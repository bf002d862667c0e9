// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.caption;

import dev.darkroom.evaluation.Bootstrap;
import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import dev.darkroom.evaluation.Interval;
import dev.darkroom.evaluation.Summary;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** Every caption metric of a corpus, of the whole and of each picture. Immutable. */
public final class CaptionScores {
    private final List<CaptionedImage> corpus;
    private final List<Bleu> bleu;
    private final double[] rougeL;
    private final double[] ciderD;
    private final double[] cider;
    private final List<Meteor> meteor;

    private CaptionScores(List<CaptionedImage> corpus) {
        this.corpus = List.copyOf(corpus);
        this.bleu = corpus.stream()
                .map(image -> Bleu.of(image, Bleu.ReferenceLength.CLOSEST))
                .toList();
        this.rougeL = corpus.stream().mapToDouble(RougeL::of).toArray();
        this.ciderD = corpus.stream()
                .mapToDouble(Cider.over(corpus, Cider.Variant.CIDER_D)::of)
                .toArray();
        this.cider = corpus.stream()
                .mapToDouble(Cider.over(corpus, Cider.Variant.CIDER)::of)
                .toArray();
        this.meteor = corpus.stream().map(Meteor::of).toList();
    }

    /**
     * Scores a corpus.
     *
     * @throws EvaluationException if it is empty
     */
    public static CaptionScores of(List<CaptionedImage> corpus) {
        if (corpus.isEmpty()) {
            throw new EvaluationException(Reason.TOO_FEW_SAMPLES, "there is no caption to score");
        }
        return new CaptionScores(corpus);
    }

    /** Returns the corpus' scores, by metric. */
    public Map<String, Double> scores() {
        int[] all = IntStream.range(0, corpus.size()).toArray();
        Map<String, Double> scores = new LinkedHashMap<>();
        statistics().forEach((name, statistic) -> scores.put(name, statistic.applyAsDouble(all)));
        return scores;
    }

    /** Returns the scores that each picture would have as a corpus of its own, but for CIDEr's rarity, which stays the whole corpus'. */
    public Map<String, Double> scores(int image) {
        Map<String, Double> scores = new LinkedHashMap<>();
        statistics().forEach((name, statistic) -> scores.put(name, statistic.applyAsDouble(new int[] {image})));
        return scores;
    }

    /** Returns an interval for each of {@link #scores()}, by resampling pictures; CIDEr's rarity stays as it is. */
    public Map<String, Interval> intervals(Bootstrap bootstrap) {
        Map<String, Interval> intervals = new LinkedHashMap<>();
        statistics().forEach((name, statistic) -> intervals.put(name, bootstrap.percentile(corpus.size(), statistic)));
        return intervals;
    }

    /** Returns the pictures in their order. */
    public List<CaptionedImage> corpus() {
        return corpus;
    }

    private Map<String, ToDoubleFunction<int[]>> statistics() {
        Map<String, ToDoubleFunction<int[]>> statistics = new LinkedHashMap<>();
        for (int n = 0; n < Ngrams.LONGEST; n++) {
            int order = n;
            statistics.put("bleu_" + (n + 1), rows -> Bleu.sum(pick(bleu, rows)).scores()[order]);
        }
        statistics.put("rouge_l", rows -> mean(rougeL, rows));
        statistics.put("cider_d", rows -> mean(ciderD, rows));
        statistics.put("cider", rows -> mean(cider, rows));
        statistics.put("meteor", rows -> Meteor.sum(pick(meteor, rows)).score());
        return statistics;
    }

    private static <T> List<T> pick(List<T> values, int[] rows) {
        return Arrays.stream(rows).mapToObj(values::get).toList();
    }

    private static double mean(double[] values, int[] rows) {
        return Summary.mean(Arrays.stream(rows).mapToDouble(row -> values[row]).toArray());
    }
}
