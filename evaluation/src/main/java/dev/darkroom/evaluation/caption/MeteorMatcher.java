// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation.caption;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import opennlp.tools.stemmer.snowball.SnowballStemmer;

/**
 * Pairs the words of two texts as METEOR does: as many words as can be paired, in as few chunks as can be, as little moved as can be.
 * Equal words weigh 1, words of one stem 0.6. Found by a beam over the candidate's words.
 */
final class MeteorMatcher {
    private static final double EXACT = 1;
    private static final double STEM = 0.6;
    private static final int BEAM = 40; // METEOR's default

    private MeteorMatcher() {}

    /** A candidate's first words paired, or not, with words of the reference. */
    private record Alignment(
            BitSet used, int last, double weight, int matches, int chunks, int moved, List<Pair> pairs) {

        static final Comparator<Alignment> BEST_FIRST = Comparator.comparingInt(Alignment::matches)
                .reversed()
                .thenComparingInt(Alignment::chunks)
                .thenComparingInt(Alignment::moved)
                .thenComparing(Comparator.comparingDouble(Alignment::weight).reversed());

        static Alignment empty() {
            return new Alignment(new BitSet(), -2, 0, 0, 0, 0, List.of());
        }

        Alignment skip() {
            return new Alignment(used, -2, weight, matches, chunks, moved, pairs);
        }

        Alignment pair(int i, int j, double with) {
            BitSet nowUsed = (BitSet) used.clone();
            nowUsed.set(j);
            List<Pair> nowPairs = new ArrayList<>(pairs);
            nowPairs.add(new Pair(i, j, with));
            int begun = j == last + 1 ? 0 : 1;
            return new Alignment(
                    nowUsed, j, weight + with, matches + 1, chunks + begun, moved + Math.abs(i - j), nowPairs);
        }
    }

    private record Pair(int candidate, int reference, double weight) {}

    static Meteor match(List<String> candidate, List<String> reference) {
        double[][] weights = weights(candidate, reference);
        List<Alignment> beam = List.of(Alignment.empty());
        for (int i = 0; i < candidate.size(); i++) {
            beam = extend(beam, i, weights[i]);
        }
        Alignment best = beam.getFirst();
        return new Meteor(
                Meteor.Words.of(candidate),
                Meteor.Words.of(reference),
                new Meteor.Matched(words(best, candidate, Pair::candidate), words(best, reference, Pair::reference)),
                best.matches,
                best.chunks);
    }

    private static List<Alignment> extend(List<Alignment> beam, int i, double[] weights) {
        List<Alignment> extended = new ArrayList<>();
        for (Alignment alignment : beam) {
            extended.add(alignment.skip());
            for (int j = 0; j < weights.length; j++) {
                if (weights[j] > 0 && !alignment.used.get(j)) {
                    extended.add(alignment.pair(i, j, weights[j]));
                }
            }
        }
        return extended.stream().sorted(Alignment.BEST_FIRST).limit(BEAM).toList();
    }

    private static double[][] weights(List<String> candidate, List<String> reference) {
        SnowballStemmer stemmer = new SnowballStemmer(SnowballStemmer.ALGORITHM.ENGLISH);
        List<String> candidateStems = stems(stemmer, candidate);
        List<String> referenceStems = stems(stemmer, reference);
        double[][] weights = new double[candidate.size()][reference.size()];
        for (int i = 0; i < candidate.size(); i++) {
            for (int j = 0; j < reference.size(); j++) {
                boolean sameStem = candidateStems.get(i).equals(referenceStems.get(j));
                weights[i][j] = candidate.get(i).equals(reference.get(j)) ? EXACT : sameStem ? STEM : 0;
            }
        }
        return weights;
    }

    private static List<String> stems(SnowballStemmer stemmer, List<String> words) {
        return words.stream().map(word -> stemmer.stem(word).toString()).toList();
    }

    @FunctionalInterface
    private interface Side {
        int of(Pair pair);
    }

    private static Meteor.Words words(Alignment alignment, List<String> tokens, Side side) {
        double content = 0;
        double function = 0;
        for (Pair pair : alignment.pairs) {
            if (FunctionWords.contains(tokens.get(side.of(pair)))) {
                function += pair.weight;
            } else {
                content += pair.weight;
            }
        }
        return new Meteor.Words(content, function);
    }
}
