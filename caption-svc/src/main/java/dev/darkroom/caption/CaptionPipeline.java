// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import dev.darkroom.caption.v1.CaptionOutcome;
import dev.darkroom.caption.v1.CaptionResponse;
import dev.darkroom.caption.v1.GeneratedCaption;
import dev.darkroom.inference.diffusion.Work;
import dev.darkroom.inference.generation.GeneratedTokens;
import dev.darkroom.inference.generation.TokenListener;
import dev.darkroom.inference.onnx.CaptionModel;
import dev.darkroom.inference.tensor.Tensor;
import dev.darkroom.media.v1.Warning;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * From a picture to its captions.
 *
 * <ol>
 *   <li>Bring the picture to the encoder's size and encode it, once for all beams.
 *   <li>Find token sequences, beam by beam or drawn.
 *   <li>Filter the words: repetitions, terms for people, blocked terms.
 *   <li>Put them into the style that was asked for.
 *   <li>Hold back what the model is not confident of.
 * </ol>
 */
final class CaptionPipeline {
    /** What is said where nothing is left to say. */
    private static final String NEUTRAL = "a picture";

    private final List<String> blockedTerms;

    /** @param blockedTerms of the service */
    CaptionPipeline(List<String> blockedTerms) {
        this.blockedTerms = List.copyOf(blockedTerms);
    }

    /** A caption between the model's words and the caller's. */
    private record Candidate(GeneratedTokens tokens, String modelText, String text, boolean blocked) {}

    /**
     * Describes a picture.
     *
     * @throws java.util.concurrent.CancellationException within one token after {@code work} is cancelled
     */
    CaptionResponse caption(Captioning request, Work work, TokenListener listener) {
        CaptionModel networks = request.captioner().networks();
        Tensor pixels = networks.pixelValues(request.picture().image());
        Tensor states = work.run(cancellation -> networks.encode(pixels, cancellation));
        List<GeneratedTokens> found = request.captioner()
                .generator()
                .generate(
                        states,
                        request.prompt(),
                        request.captioner().config().rules(),
                        request.settings(),
                        work,
                        listener);
        return response(request, found);
    }

    private CaptionResponse response(Captioning request, List<GeneratedTokens> found) {
        List<Warning> warnings = new ArrayList<>(request.picture()
                .warnings("image", request.captioner().networks().imageSize()));
        List<GeneratedCaption> captions = captions(request, chosen(request, found), warnings);
        float confidence = captions.getFirst().getConfidence();
        boolean low = confidence < request.minConfidence();
        if (low) {
            warnings.add(GivenPicture.warning(
                    "LOW_CONFIDENCE",
                    "the best caption's confidence is " + confidence + ", below " + request.minConfidence()));
        }
        return CaptionResponse.newBuilder()
                .setOutcome(
                        low ? CaptionOutcome.CAPTION_OUTCOME_LOW_CONFIDENCE : CaptionOutcome.CAPTION_OUTCOME_CAPTIONED)
                .addAllCaptions(low && !request.includesLowConfidence() ? List.of() : captions)
                .setConfidence(confidence)
                .setMinConfidence(request.minConfidence())
                .addAllWarnings(warnings)
                .setParameters(request.parameters())
                .setFingerprint(
                        Fingerprints.toProto(request.captioner().networks().fingerprint()))
                .build();
    }

    /** The best of those that may be said, or, where none may, what is left of the best one. */
    private List<Candidate> chosen(Captioning request, List<GeneratedTokens> found) {
        List<String> all = new ArrayList<>(blockedTerms);
        all.addAll(request.blockedTerms());
        BlockedTerms blocked = new BlockedTerms(all);
        List<Candidate> candidates = found.stream()
                .map(tokens -> candidate(request, tokens, blocked))
                .toList();
        List<Candidate> free = candidates.stream()
                .filter(candidate -> !candidate.blocked && !candidate.text.isEmpty())
                .toList();
        return free.isEmpty() ? List.of(remainder(candidates, blocked)) : free;
    }

    private static Candidate candidate(Captioning request, GeneratedTokens tokens, BlockedTerms blocked) {
        String words = words(request, tokens);
        String filtered = NeutralTerms.in(Repetitions.remove(words));
        return new Candidate(tokens, words, filtered, blocked.areIn(words) || blocked.areIn(filtered));
    }

    static String words(Captioning request, GeneratedTokens tokens) {
        List<Integer> ids =
                new ArrayList<>(request.prompt().subList(1, request.prompt().size()));
        ids.addAll(tokens.tokens());
        return request.captioner().networks().tokenizer().decode(ids).strip();
    }

    private static Candidate remainder(List<Candidate> candidates, BlockedTerms blocked) {
        return candidates.stream()
                .map(candidate -> new Candidate(candidate.tokens, "", blocked.cutFrom(candidate.text), true))
                .filter(candidate -> candidate.text.codePoints().anyMatch(Character::isLetter))
                .findFirst()
                .orElse(new Candidate(candidates.getFirst().tokens, "", NEUTRAL, true));
    }

    private static List<GeneratedCaption> captions(Captioning request, List<Candidate> chosen, List<Warning> warnings) {
        Map<String, Candidate> byText = new LinkedHashMap<>();
        boolean shortened = false;
        for (Candidate candidate : chosen) {
            String styled = Wording.in(request.parameters().getStyle(), candidate.text);
            shortened |=
                    Wording.words(styled).size() < Wording.words(candidate.text).size() - 1;
            byText.putIfAbsent(styled, candidate);
        }
        List<GeneratedCaption> captions = byText.entrySet().stream()
                .limit(request.parameters().getNumReturnSequences())
                .map(entry -> caption(request, entry.getKey(), entry.getValue()))
                .toList();
        Candidate best = chosen.getFirst();
        if (shortened) {
            warnings.add(GivenPicture.warning("CAPTION_SHORTENED", "the model said more than the style has room for"));
        }
        if (best.blocked || !best.text.equals(best.modelText)) {
            warnings.add(GivenPicture.warning(
                    "CAPTION_FILTERED", "repetitions, terms for people or blocked terms were replaced"));
        }
        if (!best.tokens.ended()) {
            warnings.add(GivenPicture.warning(
                    "CAPTION_TRUNCATED",
                    "max_new_tokens, " + request.settings().maxNewTokens() + ", came before the caption's end"));
        }
        return captions;
    }

    private static GeneratedCaption caption(Captioning request, String text, Candidate candidate) {
        return GeneratedCaption.newBuilder()
                .setText(text)
                .setModelText(candidate.modelText.equals(text) ? "" : candidate.modelText)
                .setLogProbability((float) candidate.tokens.logProb())
                .setScore(candidate.tokens.score())
                .setConfidence(request.captioner().calibration().confidence(candidate.tokens))
                .setNumTokens(candidate.tokens.tokens().size())
                .build();
    }
}
