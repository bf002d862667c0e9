// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.generation;

import dev.darkroom.inference.InferenceException;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.onnx.TextDecoder.Answer;
import dev.darkroom.inference.onnx.TextDecoder.Row;
import dev.darkroom.inference.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One beam search: {@code GenerationMixin._beam_search} of transformers 4.57, in float32 as there, so that the same candidates win.
 * Of equal scores the lower beam and then the lower token wins, where torch leaves it open.
 *
 * <p>Candidates of a step are the best continuations of all beams, two for each beam and one more for each further end token, so that
 * enough of them go on whatever ends. An ended one counts only among the first {@code num_beams}.
 */
final class BeamSearch {
    /** What transformers takes for minus infinity where sums of it must stay ordered. */
    private static final float NEVER = -1e9f;

    private final Generator generator;
    private final TokenScores scores;
    private final TokenRules rules;
    private final GenerationSettings settings;
    private final List<Integer> prompt;
    private final int beams;
    private final int maxLength;

    /** A beam that goes on. */
    private record Running(Row row, @Nullable TokenChain chain, float score) {}

    /** A way to go on: what it would become, and whether it stops there. */
    private record Candidate(int beam, int token, float score, boolean stops) {}

    /** A place for a caption; without one until something takes it. */
    private record Place(@Nullable TokenChain chain, float score, boolean finished, boolean ended) {
        static final Place FREE = new Place(null, NEVER, false, false);
    }

    BeamSearch(
            Generator generator,
            TokenScores scores,
            TokenRules rules,
            GenerationSettings settings,
            List<Integer> prompt) {
        this.generator = generator;
        this.scores = scores;
        this.rules = rules;
        this.settings = settings;
        this.prompt = prompt;
        this.beams = settings.numBeams();
        this.maxLength = scores.maxLength();
    }

    List<GeneratedTokens> search(Tensor states, Work work) {
        Row start = new Row(prompt, states, null);
        List<Running> running = new ArrayList<>();
        for (int beam = 0; beam < beams; beam++) {
            running.add(new Running(start, null, beam == 0 ? 0 : NEVER));
        }
        List<Place> places = Collections.nCopies(beams, Place.FREE);
        boolean improvable = true;
        int length = prompt.size();
        while (true) {
            List<Answer> answers = answers(running, work);
            List<Generator.Scorer> scorers = answers.stream()
                    .map(answer -> new Generator.Scorer(answer.logits().data()))
                    .toList();
            List<Candidate> candidates = candidates(running, scorers, length);
            places = finish(places, candidates, running, scorers, length, improvable);
            running = goOn(candidates, running, answers, scorers);
            length++;
            improvable &= canImprove(running.getFirst().score, places, length);
            boolean full = settings.earlyStopping() == EarlyStopping.TRUE
                    && places.stream().allMatch(Place::finished);
            if (!improvable || full || candidates.stream().allMatch(Candidate::stops)) {
                return captions(places);
            }
        }
    }

    /** At the start all beams are the same row. */
    private List<Answer> answers(List<Running> running, Work work) {
        boolean begins = running.getFirst().row.past() == null;
        List<Row> rows =
                running.stream().map(Running::row).limit(begins ? 1 : beams).toList();
        List<Answer> answers = generator.ask(rows, work);
        return begins ? Collections.nCopies(beams, answers.getFirst()) : answers;
    }

    private List<Candidate> candidates(List<Running> running, List<Generator.Scorer> scorers, int length) {
        int count = beams * Math.max(2, 1 + rules.eosTokenId().size());
        Comparator<Candidate> worstFirst = Comparator.comparingDouble(Candidate::score)
                .thenComparing(Comparator.comparingInt(Candidate::beam)
                        .thenComparingInt(Candidate::token)
                        .reversed());
        PriorityQueue<Candidate> best = new PriorityQueue<>(worstFirst);
        for (int beam = 0; beam < beams; beam++) {
            float[] logProbs = scorers.get(beam).logProbs();
            scores.process(logProbs, running.get(beam).row.tokens());
            for (int token = 0; token < logProbs.length; token++) {
                float score = logProbs[token] + running.get(beam).score;
                if (best.size() < count || score > best.element().score) {
                    best.add(new Candidate(beam, token, score, stops(token, length)));
                    if (best.size() > count) {
                        best.remove();
                    }
                }
            }
        }
        return best.stream().sorted(worstFirst.reversed()).toList();
    }

    private boolean stops(int token, int length) {
        return length + 1 >= maxLength || rules.eosTokenId().contains(token);
    }

    private List<Running> goOn(
            List<Candidate> candidates, List<Running> running, List<Answer> answers, List<Generator.Scorer> scorers) {
        return candidates.stream()
                .map(candidate -> candidate.stops
                        ? new Candidate(candidate.beam, candidate.token, candidate.score + NEVER, true)
                        : candidate)
                .sorted(Comparator.comparingDouble(Candidate::score).reversed()) // stable
                .limit(beams)
                .map(candidate -> {
                    Running beam = running.get(candidate.beam);
                    return new Running(
                            Generator.next(beam.row, candidate.token, answers.get(candidate.beam)),
                            scorers.get(candidate.beam).link(beam.chain, candidate.token),
                            candidate.score);
                })
                .toList();
    }

    private List<Place> finish(
            List<Place> places,
            List<Candidate> candidates,
            List<Running> running,
            List<Generator.Scorer> scorers,
            int length,
            boolean improvable) {
        boolean full = places.stream().allMatch(Place::finished) && settings.earlyStopping() == EarlyStopping.TRUE;
        float divisor = power(length + 1 - prompt.size());
        Stream<Place> added = IntStream.range(0, candidates.size()).mapToObj(rank -> {
            Candidate candidate = candidates.get(rank);
            boolean finished = candidate.stops && rank < beams;
            float score = candidate.score / divisor;
            score += full ? NEVER : 0;
            score += improvable ? 0 : NEVER;
            score += finished ? 0 : NEVER;
            TokenChain chain = scorers.get(candidate.beam).link(running.get(candidate.beam).chain, candidate.token);
            return new Place(chain, score, finished, rules.eosTokenId().contains(candidate.token));
        });
        return Stream.concat(places.stream(), added)
                .sorted(Comparator.comparingDouble(Place::score).reversed()) // stable
                .limit(beams)
                .toList();
    }

    /** Whether the best running beam could still take a place; where the length counts in its favour, at the length it could have. */
    private boolean canImprove(float best, List<Place> places, int length) {
        boolean longest = settings.earlyStopping() == EarlyStopping.NEVER && settings.lengthPenalty() > 0;
        float possible = best / power((longest ? maxLength : length) - prompt.size());
        float worst =
                places.stream().map(Place::score).min(Comparator.naturalOrder()).orElse(NEVER);
        return places.stream().anyMatch(place -> possible > (place.finished ? worst : NEVER));
    }

    private float power(int length) {
        return (float) Math.pow(length, settings.lengthPenalty());
    }

    private List<GeneratedTokens> captions(List<Place> places) {
        List<GeneratedTokens> captions = places.stream()
                .filter(Place::finished)
                .filter(place -> place.score > NEVER / 10)
                .limit(settings.numReturnSequences())
                .map(place -> GeneratedTokens.of(place.chain, place.ended, place.score))
                .toList();
        if (captions.isEmpty()) {
            throw new InferenceException("every token is banned");
        }
        return captions;
    }
}
