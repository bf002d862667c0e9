// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.caption;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What BLEU (Papineni et al. 2002) is made of, for one picture or the sum over several: a corpus' score is that of the sum, not a mean.
 *
 * @param correct runs of 1 to 4 tokens that a reference has too, each at most as often as the reference with the most of it
 * @param guess all runs of the candidate
 * @param candidateLength in tokens
 * @param referenceLength in tokens, of the reference that {@link ReferenceLength} picks
 */
public record Bleu(List<Long> correct, List<Long> guess, long candidateLength, double referenceLength) {

    /** With how long a reference a candidate is compared. */
    public enum ReferenceLength {
        /** The nearest in length, the shorter one of two: coco-caption's default. */
        CLOSEST,
        SHORTEST,
        AVERAGE
    }

    public Bleu {
        correct = List.copyOf(correct);
        guess = List.copyOf(guess);
    }

    /** The epsilons of coco-caption, by which one missing run of four does not make a 0. */
    private static final double TINY = 1e-15;

    private static final double SMALL = 1e-9;

    /** Counts for one picture. */
    public static Bleu of(CaptionedImage image, ReferenceLength mode) {
        long[] correct = new long[Ngrams.LONGEST];
        long[] guess = new long[Ngrams.LONGEST];
        for (int n = 1; n <= Ngrams.LONGEST; n++) {
            Map<List<String>, Integer> most = new HashMap<>();
            for (List<String> reference : image.references()) {
                Ngrams.counts(reference, n).forEach((run, count) -> most.merge(run, count, Math::max));
            }
            for (var run : Ngrams.counts(image.candidate(), n).entrySet()) {
                correct[n - 1] += Math.min(run.getValue(), most.getOrDefault(run.getKey(), 0));
            }
            guess[n - 1] = Math.max(0, image.candidate().size() - n + 1);
        }
        return new Bleu(boxed(correct), boxed(guess), image.candidate().size(), length(image, mode));
    }

    private static double length(CaptionedImage image, ReferenceLength mode) {
        List<Integer> lengths = image.references().stream().map(List::size).toList();
        int candidate = image.candidate().size();
        return switch (mode) {
            case CLOSEST ->
                lengths.stream()
                        .min(Comparator.<Integer>comparingInt(length -> Math.abs(length - candidate))
                                .thenComparingInt(length -> length))
                        .orElseThrow();
            case SHORTEST -> lengths.stream().mapToInt(Integer::intValue).min().orElseThrow();
            case AVERAGE ->
                lengths.stream().mapToInt(Integer::intValue).average().orElseThrow();
        };
    }

    /** Returns the sum over several pictures. */
    public static Bleu sum(List<Bleu> parts) {
        if (parts.isEmpty()) {
            throw new EvaluationException(Reason.TOO_FEW_SAMPLES, "BLEU needs at least one caption");
        }
        long[] correct = new long[Ngrams.LONGEST];
        long[] guess = new long[Ngrams.LONGEST];
        long candidateLength = 0;
        double referenceLength = 0;
        for (Bleu part : parts) {
            Arrays.setAll(correct, n -> correct[n] + part.correct.get(n));
            Arrays.setAll(guess, n -> guess[n] + part.guess.get(n));
            candidateLength += part.candidateLength;
            referenceLength += part.referenceLength;
        }
        return new Bleu(boxed(correct), boxed(guess), candidateLength, referenceLength);
    }

    private static List<Long> boxed(long[] counts) {
        return Arrays.stream(counts).boxed().toList();
    }

    /** Returns BLEU-1 to BLEU-4 as coco-caption computes them. */
    public double[] scores() {
        return scores(TINY, SMALL);
    }

    /** Returns BLEU-1 to BLEU-4 of the definition: 0 where a count is 0. */
    public double[] unsmoothed() {
        return scores(0, 0);
    }

    private double[] scores(double tiny, double small) {
        double[] scores = new double[Ngrams.LONGEST];
        double ratio = (candidateLength + tiny) / (referenceLength + small);
        double penalty = ratio < 1 ? Math.exp(1 - 1 / ratio) : 1;
        double product = 1;
        for (int n = 0; n < Ngrams.LONGEST; n++) {
            double found = correct.get(n) + tiny;
            product *= found == 0 ? 0 : found / (guess.get(n) + small);
            scores[n] = Math.pow(product, 1.0 / (n + 1)) * penalty;
        }
        return scores;
    }
}
