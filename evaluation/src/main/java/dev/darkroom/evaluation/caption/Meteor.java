// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.caption;

import dev.darkroom.evaluation.EvaluationException;
import dev.darkroom.evaluation.EvaluationException.Reason;
import java.util.Comparator;
import java.util.List;

/**
 * What METEOR (Denkowski and Lavie 2014) is made of, for one picture or the sum over several: a corpus' score is that of the sum, not a mean.
 * The arithmetic and the weights are those of METEOR 1.5 for English; of its stages {@link MeteorMatcher} has the exact and the stem one, so
 * values lie below those of the whole program, which also matches synonyms and paraphrases.
 *
 * @param candidate words of the candidate
 * @param reference words of the reference
 * @param matched matched words, weighed by their stage, counted once for the candidate and once for the reference
 * @param matches matched pairs of words, all of weight 1
 * @param chunks runs of pairs that follow each other in both
 */
public record Meteor(Words candidate, Words reference, Matched matched, double matches, double chunks) {

    /** How the value is named, for those who compare it with others'. */
    public static final String VARIANT =
            "METEOR 1.5 arithmetic, exact and stem matches only, Darkroom's own function words";

    private static final double ALPHA = 0.85;
    private static final double BETA = 0.2;
    private static final double GAMMA = 0.6;
    private static final double DELTA = 0.75;

    /** Words of a text by kind. */
    public record Words(double content, double function) {
        static Words of(List<String> tokens) {
            long function = tokens.stream().filter(FunctionWords::contains).count();
            return new Words(tokens.size() - function, function);
        }

        private double weighed() {
            return DELTA * content + (1 - DELTA) * function;
        }

        private double count() {
            return content + function;
        }

        private Words plus(Words other) {
            return new Words(content + other.content, function + other.function);
        }
    }

    /** Matched words by kind, on both sides: a stem may be a function word on one side only. */
    public record Matched(Words candidate, Words reference) {
        private Matched plus(Matched other) {
            return new Matched(candidate.plus(other.candidate), reference.plus(other.reference));
        }
    }

    /** Returns the statistics with the reference that gives the best score. */
    public static Meteor of(CaptionedImage image) {
        return image.references().stream()
                .map(reference -> MeteorMatcher.match(image.candidate(), reference))
                .max(Comparator.comparingDouble(Meteor::score))
                .orElseThrow();
    }

    /** Returns the sum over several pictures. */
    public static Meteor sum(List<Meteor> parts) {
        return parts.stream()
                .reduce((x, y) -> new Meteor(
                        x.candidate.plus(y.candidate),
                        x.reference.plus(y.reference),
                        x.matched.plus(y.matched),
                        x.matches + y.matches,
                        x.chunks + y.chunks))
                .orElseThrow(
                        () -> new EvaluationException(Reason.TOO_FEW_SAMPLES, "METEOR needs at least one caption"));
    }

    public double precision() {
        return matches == 0 ? 0 : matched.candidate.weighed() / candidate.weighed();
    }

    public double recall() {
        return matches == 0 ? 0 : matched.reference.weighed() / reference.weighed();
    }

    public double fmean() {
        return matches == 0 ? 0 : precision() * recall() / (ALPHA * precision() + (1 - ALPHA) * recall());
    }

    /** Returns what out-of-order matches cost; nothing where one chunk covers both texts. */
    public double fragmentationPenalty() {
        boolean whole = chunks == 1 && matches == candidate.count() && matches == reference.count();
        return matches == 0 || whole ? 0 : GAMMA * Math.pow(chunks / matches, BETA);
    }

    /** Returns the score, 0 to 1. */
    public double score() {
        return fmean() * (1 - fragmentationPenalty());
    }
}
