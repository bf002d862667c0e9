// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.caption.v1.CaptionLimits;
import dev.darkroom.caption.v1.CaptionModel;
import dev.darkroom.caption.v1.CaptionParameters;
import dev.darkroom.caption.v1.CaptionStyle;
import dev.darkroom.caption.v1.EarlyStopping;
import dev.darkroom.caption.v1.ListModelsResponse;
import dev.darkroom.gateway.v1.CaptionImageRequest;
import dev.darkroom.rpc.Fault;
import dev.darkroom.rpc.Violations;
import java.util.List;
import java.util.Optional;

/**
 * The limits of {@code caption.proto} and of its {@code ListModels}, for a picture to describe. What only the tokenizer knows, how many tokens a prefix
 * has and how many there are, is the caption service's to judge.
 */
final class PublishedCaptionLimits {
    private static final int MAX_BLOCKED_TERMS = 256;
    private static final int MAX_TERM_CODE_POINTS = 64;

    private final CaptionParameters asked;
    private final CaptionModel model;
    private final CaptionLimits limits;
    private final Violations violations;

    private PublishedCaptionLimits(CaptionParameters asked, CaptionModel model, Violations violations) {
        this.asked = asked;
        this.model = model;
        this.limits = model.getLimits();
        this.violations = violations;
    }

    /**
     * Adds what is wrong with a request under the limits of the captioner that it names, or of the first one.
     *
     * @throws Fault.NotFound MODEL_UNKNOWN, if it is not loaded and nothing else was found to be wrong
     */
    static void check(CaptionImageRequest request, ListModelsResponse published, Violations violations) {
        if (request.hasMinConfidence()) {
            violations.range("min_confidence", request.getMinConfidence(), 0.0, 1.0);
        }
        checkTerms(request.getBlockedTermsList(), violations);
        model(request.getParameters().getModel(), published, violations)
                .ifPresent(model -> new PublishedCaptionLimits(request.getParameters(), model, violations).check());
    }

    private static void checkTerms(List<String> terms, Violations violations) {
        String limit = "at most " + MAX_BLOCKED_TERMS + " terms";
        violations.check(terms.size() <= MAX_BLOCKED_TERMS, "blocked_terms", limit, terms.size());
        for (int i = 0; i < Math.min(terms.size(), MAX_BLOCKED_TERMS); i++) {
            violations.text("blocked_terms[" + i + "]", terms.get(i), 1, MAX_TERM_CODE_POINTS);
        }
    }

    private static Optional<CaptionModel> model(String name, ListModelsResponse published, Violations violations) {
        List<CaptionModel> captioners = published.getCaptionersList();
        Optional<CaptionModel> found = captioners.stream()
                .filter(captioner -> name.isEmpty() || name.equals(captioner.getName()))
                .findFirst();
        if (found.isEmpty()) {
            List<String> known = captioners.stream().map(CaptionModel::getName).toList();
            if (violations.isEmpty()) {
                throw new Fault.NotFound("MODEL_UNKNOWN", "captioner", name, known);
            }
            violations.check(known.isEmpty(), "parameters.model", "one of " + String.join(", ", known), name);
        }
        return found;
    }

    private void check() {
        boolean knownStyle = asked.getStyle() != CaptionStyle.UNRECOGNIZED;
        violations.check(knownStyle, "parameters.style", "a known style", asked.getStyleValue());
        checkSearch();
        checkLengths();
        checkPenalties();
        checkSampling();
    }

    private void checkSearch() {
        boolean drawn = asked.getDoSample();
        int usual = drawn ? 1 : model.getDefaults().getNumBeams();
        int beams = asked.hasNumBeams() ? asked.getNumBeams() : usual;
        violations.range("parameters.num_beams", beams, 1, drawn ? 1 : limits.getMaxNumBeams());
        if (asked.hasNumReturnSequences()) {
            int most = drawn ? limits.getMaxNumReturnSequences() : Math.max(1, beams);
            violations.range("parameters.num_return_sequences", asked.getNumReturnSequences(), 1, most);
        }
        EarlyStopping stopping = asked.getEarlyStopping();
        violations.check(
                stopping != EarlyStopping.UNRECOGNIZED,
                "parameters.early_stopping",
                "a known rule",
                asked.getEarlyStoppingValue());
        violations.check(
                beams != 1 || stopping == EarlyStopping.EARLY_STOPPING_UNSPECIFIED,
                "parameters.early_stopping",
                "unset where num_beams is 1",
                stopping);
    }

    private void checkLengths() {
        if (asked.hasMaxNewTokens()) {
            violations.range("parameters.max_new_tokens", asked.getMaxNewTokens(), 1, limits.getMaxNewTokens());
        }
        if (asked.hasMinNewTokens()) {
            int most = asked.hasMaxNewTokens()
                    ? asked.getMaxNewTokens()
                    : model.getDefaults().getMaxNewTokens();
            violations.range("parameters.min_new_tokens", asked.getMinNewTokens(), 0, most);
        }
    }

    private void checkPenalties() {
        violations.range("parameters.length_penalty", asked.getLengthPenalty(), -10.0, 10.0);
        violations.range("parameters.no_repeat_ngram_size", asked.getNoRepeatNgramSize(), 0, 100);
        above0("repetition_penalty", asked.hasRepetitionPenalty(), asked.getRepetitionPenalty(), 100);
    }

    private void checkSampling() {
        if (asked.getDoSample()) {
            above0("temperature", asked.hasTemperature(), asked.getTemperature(), 100);
            violations.check(asked.getTopK() >= 0, "parameters.top_k", "0 or more", asked.getTopK());
            above0("top_p", asked.hasTopP(), asked.getTopP(), 1);
        } else {
            unset("temperature", asked.hasTemperature(), asked.getTemperature());
            unset("top_k", asked.hasTopK(), asked.getTopK());
            unset("top_p", asked.hasTopP(), asked.getTopP());
            unset("seed", asked.hasSeed(), asked.getSeed());
        }
    }

    private void above0(String name, boolean set, float value, int most) {
        violations.check(!set || (value > 0 && value <= most), "parameters." + name, "above 0, to " + most, value);
    }

    private void unset(String name, boolean set, Object value) {
        violations.check(!set, "parameters." + name, "unset without do_sample", value);
    }
}
