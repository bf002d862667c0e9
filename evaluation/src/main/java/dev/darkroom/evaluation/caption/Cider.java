// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.caption;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * CIDEr (Vedantam et al. 2015, arXiv:1411.5726): how alike captions are in runs of 1 to 4 tokens, the ones that few pictures' references
 * have counting for more. How rare a run is comes from the pictures that are scored, so one picture alone scores 0. Immutable.
 */
public final class Cider {
    /** The metric's two forms. */
    public enum Variant {
        /** What pycocoevalcap calls CIDEr: a run counts no more often than in the reference, and other lengths cost. */
        CIDER_D,
        /** The paper's first form. */
        CIDER
    }

    private static final double SCALE = 10;

    private final Variant variant;
    private final double sigma;
    private final double logImages;
    private final Map<List<String>, Integer> imagesWith;

    private Cider(Variant variant, double sigma, double logImages, Map<List<String>, Integer> imagesWith) {
        this.variant = variant;
        this.sigma = sigma;
        this.logImages = logImages;
        this.imagesWith = imagesWith;
    }

    /** Returns the metric over a corpus, with CIDEr-D's sigma of 6. */
    public static Cider over(List<CaptionedImage> corpus, Variant variant) {
        return over(corpus, variant, 6, corpus.size());
    }

    /**
     * Returns the metric over a corpus.
     *
     * @param sigma of the Gaussian by which CIDEr-D weighs a difference in length, in pairs of tokens
     * @param images the number of pictures that rarity refers to: the corpus' own, or another one's as COCO's 40,504
     */
    public static Cider over(List<CaptionedImage> corpus, Variant variant, double sigma, double images) {
        if (corpus.isEmpty()) {
            throw new EvaluationException(Reason.TOO_FEW_SAMPLES, "CIDEr needs at least one caption");
        }
        Map<List<String>, Integer> imagesWith = new HashMap<>();
        for (CaptionedImage image : corpus) {
            Set<List<String>> runs = new HashSet<>();
            for (List<String> reference : image.references()) {
                for (int n = 1; n <= Ngrams.LONGEST; n++) {
                    runs.addAll(Ngrams.counts(reference, n).keySet());
                }
            }
            runs.forEach(run -> imagesWith.merge(run, 1, Integer::sum));
        }
        return new Cider(variant, sigma, Math.log(images), imagesWith);
    }

    /** A caption's runs of one length, each with its weight. */
    private record Weights(Map<List<String>, Double> weights, double norm) {
        double of(List<String> run) {
            return weights.getOrDefault(run, 0.0);
        }
    }

    private Weights weights(List<String> tokens, int length) {
        Map<List<String>, Double> weights = new HashMap<>();
        double squares = 0;
        for (var run : Ngrams.counts(tokens, length).entrySet()) {
            double rarity = logImages - Math.log(imagesWith.getOrDefault(run.getKey(), 1));
            double weight = run.getValue() * rarity;
            weights.put(run.getKey(), weight);
            squares += weight * weight;
        }
        return new Weights(weights, Math.sqrt(squares));
    }

    /** Returns the score of one picture, the mean over the four lengths. */
    public double of(CaptionedImage image) {
        double sum = 0;
        for (double value : byLength(image)) {
            sum += value;
        }
        return sum / Ngrams.LONGEST;
    }

    /** Returns the score of one picture for runs of 1, 2, 3 and 4 tokens alone. */
    public double[] byLength(CaptionedImage image) {
        double[] values = new double[Ngrams.LONGEST];
        for (int n = 1; n <= values.length; n++) {
            Weights candidate = weights(image.candidate(), n);
            for (List<String> reference : image.references()) {
                double similarity = similarity(candidate, weights(reference, n));
                values[n - 1] += similarity * lengthWeight(image.candidate(), reference);
            }
            values[n - 1] *= SCALE / image.references().size();
        }
        return values;
    }

    private double similarity(Weights candidate, Weights reference) {
        double sum = 0;
        for (var run : candidate.weights.entrySet()) {
            double other = reference.of(run.getKey());
            double own = variant == Variant.CIDER_D ? Math.min(run.getValue(), other) : run.getValue();
            sum += own * other;
        }
        return candidate.norm == 0 || reference.norm == 0 ? 0 : sum / (candidate.norm * reference.norm);
    }

    private double lengthWeight(List<String> candidate, List<String> reference) {
        if (variant == Variant.CIDER) {
            return 1;
        }
        double difference = Math.max(0, candidate.size() - 1) - Math.max(0, reference.size() - 1);
        return Math.exp(-difference * difference / (2 * sigma * sigma));
    }
}
