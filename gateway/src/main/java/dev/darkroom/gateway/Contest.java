// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import com.google.protobuf.ByteString;
import dev.darkroom.caption.v1.ScoreAlignmentResponse;
import dev.darkroom.gateway.v1.Candidate;
import dev.darkroom.gateway.v1.Selection;
import dev.darkroom.rpc.RequestLog;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.GeneratedImage;
import dev.darkroom.text2image.v1.ImageParameters;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Draws more pictures than are delivered, looks at each, scores those that pass, and has the best ones delivered. One generation, one
 * thread.
 *
 * <p>Memory: the pictures that are the best so far, as many as are delivered, beside what a {@link Cascade} holds.
 */
final class Contest {
    /** Blocked ones last; of equal ones the one that was drawn first comes first. */
    private static final Comparator<Entry> BEST_FIRST =
            Comparator.comparingDouble(Entry::score).reversed();

    private final BestOf bestOf;
    private final Generator generator;
    private final AlignmentJudge judge;
    private final Cascade cascade;
    private final Delivery<?> delivery;

    private final List<Candidate> candidates = new ArrayList<>(); // all that were drawn, in that order
    private final List<Entry> best = new ArrayList<>(); // the only ones with pixels, best first
    private final Selection.Builder selection = Selection.newBuilder();
    private int attempt;

    Contest(BestOf bestOf, Generator generator, AlignmentJudge judge, Cascade cascade, Delivery<?> delivery) {
        this.bestOf = bestOf;
        this.generator = generator;
        this.judge = judge;
        this.cascade = cascade;
        this.delivery = delivery;
    }

    /**
     * A picture that may be delivered.
     *
     * @param number among all that were drawn, from 0
     * @param picture as it was drawn; empty where it was blocked
     * @param score below 0 where it was blocked
     */
    private record Entry(
            int number, GeneratedImage generated, ByteString picture, PictureVerdict verdict, float score) {}

    /** Draws until enough pictures are good enough, or often enough, and delivers the best. */
    Selection run(GenerateRequest request) {
        GenerateRequest first = bestOf.first(request);
        draw(first);
        ImageParameters used = cascade.drawnWith();
        for (attempt = 1; attempt < bestOf.maxAttempts() && !areGoodEnough(); attempt++) {
            draw(bestOf.again(first, attempt, used.getSeed()));
        }
        warnOfLowScores();
        deliver();
        log();
        cascade.drawnWith(
                used.toBuilder().setNumImagesPerPrompt(bestOf.delivered()).build());
        return selection();
    }

    private void draw(GenerateRequest request) {
        String prompt = request.getParameters().getPrompt();
        generator.generate(
                request, event -> cascade.accept(event, (generated, picture) -> enter(generated, picture, prompt)));
    }

    /** Looks at a picture, and scores it if it may be seen. */
    private void enter(GeneratedImage generated, ByteString picture, String prompt) {
        PictureVerdict verdict = cascade.checkDrawn(picture);
        Candidate.Builder candidate = Candidate.newBuilder()
                .setAttempt(attempt + 1)
                .setSeed(generated.getSeed())
                .setOutputVerdict(verdict.verdict());
        if (verdict.isBlocked()) {
            rank(new Entry(candidates.size(), generated, ByteString.EMPTY, verdict, -1));
        } else {
            float score = score(picture, prompt);
            candidate.setScore(score);
            rank(new Entry(candidates.size(), generated, picture, verdict, score));
        }
        candidates.add(candidate.build());
    }

    private float score(ByteString picture, String prompt) {
        delivery.stage("score");
        ScoreAlignmentResponse response = judge.score(picture, prompt);
        response.getWarningsList().forEach(delivery::warning);
        selection.setModel(response.getModel()).setFingerprint(response.getFingerprint());
        return response.getScores(0);
    }

    private void rank(Entry entry) {
        best.add(entry);
        best.sort(BEST_FIRST);
        if (best.size() > bestOf.delivered()) {
            best.removeLast();
        }
    }

    private boolean areGoodEnough() {
        return best.size() == bestOf.delivered() && best.getLast().score() >= Math.max(0, bestOf.minScore());
    }

    private void warnOfLowScores() {
        if (bestOf.hasMinScore() && !areGoodEnough()) {
            long good = best.stream()
                    .filter(entry -> entry.score() >= bestOf.minScore())
                    .count();
            delivery.warning(
                    "SCORE_LOW",
                    "Of %d pictures drawn %d have the score that was asked for, %s; %d were to be delivered."
                            .formatted(candidates.size(), good, bestOf.minScore(), bestOf.delivered()));
        }
    }

    private void deliver() {
        for (int rank = 0; rank < best.size(); rank++) {
            Entry entry = best.get(rank);
            GeneratedImage.Builder generated = entry.generated().toBuilder();
            generated.getImageBuilder().setIndex(rank);
            candidates.set(
                    entry.number(),
                    candidates.get(entry.number()).toBuilder()
                            .setDeliveredIndex(rank)
                            .build());
            cascade.finish(generated.build(), entry.picture(), entry.verdict(), entry.score());
        }
    }

    private void log() {
        RequestLog.put("best_of", bestOf.candidates());
        RequestLog.put("attempts", candidates.size() / bestOf.candidates());
        RequestLog.put("best_score", best.getFirst().score());
    }

    private Selection selection() {
        selection
                .setBestOf(bestOf.candidates())
                .setMaxAttempts(bestOf.maxAttempts())
                .addAllCandidates(candidates);
        if (bestOf.hasMinScore()) {
            selection.setMinScore(bestOf.minScore());
        }
        return selection.build();
    }
}
