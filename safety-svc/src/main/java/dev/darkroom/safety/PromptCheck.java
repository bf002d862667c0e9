// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import dev.darkroom.safety.Finding.Field;
import dev.darkroom.safety.detect.Detector;
import dev.darkroom.safety.policy.Category;
import dev.darkroom.safety.policy.Policy;
import dev.darkroom.safety.text.FoldedText;
import dev.darkroom.safety.text.Span;
import dev.darkroom.safety.text.Words;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Judges the words of a request under policies: each by itself, the strictest counts.
 *
 * <ol>
 *   <li>Undo what disguises letters: forms, marks, lookalikes, invisible characters ({@link FoldedText}).
 *   <li>Cut into words, and recognise those in disguise: spelled out, digits for letters, repeated letters ({@link Words}).
 *   <li>For each category of the policy, find its terms, except where they stand inside one of its exceptions; its literals; its forms.
 *   <li>Say where that is in the text as it was sent.
 * </ol>
 *
 * <p>Takes time in proportion to the length of the texts, whatever they say: there is no backtracking over more than a few words and no regular
 * expression. Keeps, logs and throws nothing of them.
 */
final class PromptCheck {

    private static final Comparator<Span> OUTER_FIRST = Comparator.comparingInt(Span::start)
            .thenComparing(Comparator.comparingInt(Span::end).reversed());
    private static final Comparator<Finding> IN_ORDER = Comparator.comparing(Finding::field)
            .thenComparing(Finding::span, OUTER_FIRST)
            .thenComparing(Finding::category);

    private PromptCheck() {}

    static Verdict check(List<Policy> policies, String prompt, String negativePrompt) {
        Map<Finding.Place, Finding> findings = new HashMap<>();
        for (Policy policy : policies) {
            Stream.concat(
                            find(policy, Field.PROMPT, prompt).stream(),
                            find(policy, Field.NEGATIVE_PROMPT, negativePrompt).stream())
                    .forEach(finding -> findings.merge(finding.place(), finding, Finding::stricter));
        }
        return new Verdict(policies, findings.values().stream().sorted(IN_ORDER).toList());
    }

    private static List<Finding> find(Policy policy, Field field, String text) {
        FoldedText folded = FoldedText.of(text);
        Words words = Words.of(folded, policy.vocabulary());
        List<Finding> findings = new ArrayList<>();
        for (Category category : policy.categories()) {
            if (field == Field.PROMPT || category.inNegativePrompts()) {
                spans(category, folded, words)
                        .forEach(span -> findings.add(
                                new Finding(category.name(), category.severity(), category.action(), field, span)));
            }
        }
        return findings;
    }

    private static List<Span> spans(Category category, FoldedText text, Words words) {
        List<Span> meant =
                uncovered(category.terms().in(words), category.exceptions().in(words));
        meant.addAll(category.literals().in(text));
        List<Span> spans = new ArrayList<>(meant.stream()
                .map(span -> text.inOriginal(span.start(), span.end()))
                .toList());
        for (Detector detector : category.detectors()) {
            spans.addAll(detector.in(text));
        }
        return outermost(spans);
    }

    /** The terms that lie in none of the exceptions; both in the order of their starts. */
    private static List<Span> uncovered(List<Span> terms, List<Span> exceptions) {
        List<Span> uncovered = new ArrayList<>();
        int next = 0;
        int coveredUpTo = 0;
        for (Span term : terms) {
            while (next < exceptions.size() && exceptions.get(next).start() <= term.start()) {
                coveredUpTo = Math.max(coveredUpTo, exceptions.get(next++).end());
            }
            if (term.end() > coveredUpTo) {
                uncovered.add(term);
            }
        }
        return uncovered;
    }

    /** The spans that lie in no other one. */
    private static List<Span> outermost(List<Span> spans) {
        spans.sort(OUTER_FIRST);
        List<Span> outermost = new ArrayList<>();
        for (Span span : spans) {
            if (outermost.isEmpty() || !outermost.getLast().covers(span)) {
                outermost.add(span);
            }
        }
        return outermost;
    }
}
