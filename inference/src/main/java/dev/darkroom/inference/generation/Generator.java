// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.generation;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.diffusion.StepBatcher;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.onnx.TextDecoder.Answer;
import dev.darkroom.inference.onnx.TextDecoder.Row;
import dev.darkroom.inference.tensor.MersenneTwister;
import dev.darkroom.inference.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Finds captions token by token. Greedy and beam search give the tokens that transformers 4.57 gives for the same settings; drawn tokens
 * follow the same probabilities, by a generator of our own. Immutable and thread-safe.
 */
public final class Generator {
    private final DecoderRows rows;

    public Generator(DecoderRows rows) {
        this.rows = rows;
    }

    /** Announces a request's calls to the batcher. The caller closes it. */
    public Work open(StepBatcher batcher, GenerationSettings settings, Cancellation cancellation) {
        return batcher.open(settings.rows() * settings.maxNewTokens(), rows.cost(), rows.lanes(), cancellation);
    }

    /**
     * Returns captions, the best one first: of a beam search as many as asked for, unless bans left fewer; drawn ones in the order of their score.
     *
     * @param states what the encoder saw of the picture, (1, T, D)
     * @param prompt start token and prefix
     * @param listener of the only row; of several rows nothing is heard
     * @throws java.util.concurrent.CancellationException within one token after {@code work} is cancelled
     * @throws dev.darkroom.inference.InferenceException if the runtime fails, or every token is banned
     */
    public List<GeneratedTokens> generate(
            Tensor states,
            List<Integer> prompt,
            TokenRules rules,
            GenerationSettings settings,
            Work work,
            TokenListener listener) {
        TokenScores scores = new TokenScores(rules, settings, prompt.size());
        Sampling sampling = settings.sampling();
        if (sampling == null && settings.numBeams() > 1) {
            return new BeamSearch(this, scores, rules, settings, prompt).search(states, work);
        }
        return oneByOne(states, prompt, rules, scores, settings, work, listener);
    }

    /** A caption in the making. */
    private static final class Line {
        private final @Nullable MersenneTwister random;
        private Row row;
        private @Nullable TokenChain chain;
        private boolean ended;

        Line(Row row, @Nullable MersenneTwister random) {
            this.row = row;
            this.random = random;
        }
    }

    private List<GeneratedTokens> oneByOne(
            Tensor states,
            List<Integer> prompt,
            TokenRules rules,
            TokenScores scores,
            GenerationSettings settings,
            Work work,
            TokenListener listener) {
        List<Line> lines = new ArrayList<>();
        for (int i = 0; i < settings.rows(); i++) {
            lines.add(new Line(new Row(prompt, states, null), random(settings.sampling(), i)));
        }
        List<Line> running = lines;
        for (int step = 0; step < settings.maxNewTokens() && !running.isEmpty(); step++) {
            List<Answer> answers = ask(running.stream().map(line -> line.row).toList(), work);
            for (int i = 0; i < running.size(); i++) {
                advance(running.get(i), answers.get(i), rules, scores, settings.sampling());
            }
            TokenChain first = running.getFirst().chain;
            if (lines.size() == 1 && first != null) {
                listener.decoded(step, first.token(), first.logProb());
            }
            running = running.stream().filter(line -> !line.ended).toList();
        }
        return lines.stream()
                .map(line -> GeneratedTokens.of(Objects.requireNonNull(line.chain), line.ended))
                .sorted(Comparator.comparingDouble(GeneratedTokens::score).reversed())
                .toList();
    }

    private static @Nullable MersenneTwister random(@Nullable Sampling sampling, int index) {
        return sampling == null ? null : new MersenneTwister((int) (sampling.seed() + index));
    }

    private void advance(Line line, Answer answer, TokenRules rules, TokenScores scores, @Nullable Sampling sampling) {
        float[] processed = answer.logits().data().clone();
        scores.process(processed, line.row.tokens());
        MersenneTwister random = line.random;
        int token = sampling == null || random == null
                ? Distribution.largest(processed)
                : Distribution.draw(Distribution.filtered(processed, sampling), random.nextDouble());
        line.chain = new Scorer(answer.logits().data()).link(line.chain, token);
        line.row = next(line.row, token, answer);
        line.ended = rules.eosTokenId().contains(token);
    }

    static Row next(Row row, int token, Answer answer) {
        List<Integer> longer = new ArrayList<>(row.tokens());
        longer.add(token);
        return new Row(longer, row.states(), answer.past());
    }

    List<Answer> ask(List<Row> asked, Work work) {
        work.cancellation().check();
        return work.ask(rows, asked, asked.size());
    }

    /** The log-probabilities of one row's next token, before penalties. */
    static final class Scorer {
        private final float[] logits;
        private final double total;

        Scorer(float[] logits) {
            this.logits = logits;
            this.total = Distribution.logSumExp(logits, 1);
        }

        /** Returns log-probabilities, rounded to float32 as torch keeps them; the caller owns the array. */
        float[] logProbs() {
            float[] logs = new float[logits.length];
            for (int i = 0; i < logs.length; i++) {
                logs[i] = (float) (logits[i] - total);
            }
            return logs;
        }

        TokenChain link(@Nullable TokenChain before, int token) {
            return new TokenChain(before, token, logits[token] - total);
        }
    }
}
