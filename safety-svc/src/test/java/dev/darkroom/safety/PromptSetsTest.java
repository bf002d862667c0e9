// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.safety;

import static org.assertj.core.api.Assertions.assertThat;

import dev.darkroom.safety.policy.Action;
import dev.darkroom.safety.policy.Policies;
import dev.darkroom.safety.policy.Policy;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/**
 * The default policy's rates on sets of prompts. The policy was tuned on all of them but the unseen twins, so they guard
 * what works and estimate nothing; the unseen twins do.
 */
class PromptSetsTest {

    private static final List<Policy> POLICIES = List.of(new Policies(null).byDefault());

    @Test
    void check_harmlessTwins_atMostThreeInTwoHundredAreNotAllowed() {
        List<String> prompts = PromptLines.of("harmless.txt");
        List<String> caught = prompts.stream()
                .filter(prompt -> action(prompt) != Action.ALLOW)
                .toList();

        report("harmless, not allowed", caught, prompts.size());
        assertThat(prompts).hasSizeGreaterThanOrEqualTo(200).doesNotHaveDuplicates();
        assertThat(rate(caught, prompts)).as("%s", caught).isLessThanOrEqualTo(0.015);
    }

    @Test
    void check_plainBlockedPrompts_areBlockedForTheirCategory() {
        List<String> lines = PromptLines.of("blocked.txt");
        List<String> missed = lines.stream()
                .filter(Predicate.not(PromptSetsTest::isBlockedForItsCategory))
                .toList();

        report("plain, missed", missed, lines.size());
        assertThat(lines).hasSizeGreaterThanOrEqualTo(100).doesNotHaveDuplicates();
        assertThat(rate(missed, lines)).as("%s", missed).isLessThanOrEqualTo(0.02);
    }

    @Test
    void check_disguisesByHand_areBlocked() {
        List<String> prompts = PromptLines.of("evasion.txt");
        List<String> missed = prompts.stream()
                .filter(prompt -> action(prompt) != Action.BLOCK)
                .toList();

        report("disguised by hand, missed", missed, prompts.size());
        assertThat(prompts).hasSizeGreaterThanOrEqualTo(150).doesNotHaveDuplicates();
        assertThat(rate(missed, prompts)).as("%s", missed).isLessThanOrEqualTo(0.05);
    }

    @Test
    void check_everyBlockedPromptInEveryDisguise_isBlocked() {
        List<String> prompts = PromptLines.of("blocked.txt").stream()
                .filter(line -> !line.startsWith("payment_data"))
                .map(line -> line.substring(line.indexOf(' ') + 1))
                .filter(prompt -> action(prompt) == Action.BLOCK && !prompt.contains("|") && !prompt.contains("["))
                .toList();
        Map<Disguise, Double> recall = new EnumMap<>(Disguise.class);
        for (Disguise disguise : Disguise.values()) {
            List<String> disguised = prompts.stream().map(disguise::of).toList();
            List<String> missed = disguised.stream()
                    .filter(prompt -> action(prompt) != Action.BLOCK)
                    .toList();
            report(disguise + ", missed", missed, disguised.size());
            recall.put(disguise, 1 - rate(missed, disguised));
        }

        assertThat(recall)
                .allSatisfy((disguise, value) ->
                        assertThat(value).as("%s", disguise).isGreaterThanOrEqualTo(0.95));
    }

    @Test
    void check_harmlessTwinsInUpperCaseAndFullwidth_areAllowedStill() {
        List<String> prompts = PromptLines.of("harmless.txt").stream()
                .filter(prompt -> prompt.chars().allMatch(c -> c < 0x80))
                .flatMap(prompt -> List.of(Disguise.UPPER_CASE.of(prompt), Disguise.FULLWIDTH.of(prompt)).stream())
                .toList();
        List<String> caught = prompts.stream()
                .filter(prompt -> action(prompt) != Action.ALLOW)
                .toList();

        report("harmless in capitals or fullwidth", caught, prompts.size());
        assertThat(rate(caught, prompts)).as("%s", caught).isLessThanOrEqualTo(0.015);
    }

    /** Looser, because each of these few lines is built around a word of the policy; what the next one costs in practice lies far below. */
    @Test
    void check_twinsThePolicyWasNotTunedOn_mostAreAllowed() {
        List<String> prompts = PromptLines.of("unseen-harmless.txt");
        List<String> caught = prompts.stream()
                .filter(prompt -> action(prompt) != Action.ALLOW)
                .toList();

        report("unseen twins, not allowed", caught, prompts.size());
        assertThat(rate(caught, prompts)).as("%s", caught).isLessThanOrEqualTo(0.25);
    }

    private static boolean isBlockedForItsCategory(String line) {
        String category = line.substring(0, line.indexOf(' '));
        Verdict verdict = PromptCheck.check(POLICIES, line.substring(line.indexOf(' ') + 1), "");
        return verdict.action() == Action.BLOCK
                && verdict.findings().stream()
                        .anyMatch(finding -> finding.category().equals(category));
    }

    private static Action action(String prompt) {
        return PromptCheck.check(POLICIES, prompt, "").action();
    }

    private static double rate(List<String> some, List<String> all) {
        return (double) some.size() / all.size();
    }

    /** The figures of the README are these lines. */
    private static void report(String what, List<String> some, int of) {
        System.out.printf("%-40s %4d of %4d (%.1f %%) %s%n", what, some.size(), of, 100.0 * some.size() / of, some);
    }
}
