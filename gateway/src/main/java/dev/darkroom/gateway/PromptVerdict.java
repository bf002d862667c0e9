// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.rpc.Fault;
import dev.darkroom.safety.v1.Action;
import dev.darkroom.safety.v1.CheckPromptResponse;
import dev.darkroom.safety.v1.Finding;
import dev.darkroom.safety.v1.UsedPolicy;
import java.util.List;

/** What the check of a prompt decided. */
sealed interface PromptVerdict {
    /** The policies that were used, the server's first. */
    List<UsedPolicy> policies();

    /**
     * Nothing may be generated.
     *
     * @param categories what the policies block in it, in the order of the text, each once
     */
    record Blocked(List<UsedPolicy> policies, List<String> categories) implements PromptVerdict {}

    /**
     * The work goes on.
     *
     * @param flagged categories that the caller is told of, in the order of the text, each once; usually none
     */
    record Passed(List<UsedPolicy> policies, List<String> flagged) implements PromptVerdict {}

    /**
     * Reads an answer of the safety service.
     *
     * @throws Fault.Internal if the answer names no action that is known here: it must not count as a pass
     */
    static PromptVerdict of(CheckPromptResponse response) {
        return switch (response.getAction()) {
            case ACTION_BLOCK -> new Blocked(response.getPoliciesList(), categories(response, Action.ACTION_BLOCK));
            case ACTION_ALLOW, ACTION_FLAG ->
                new Passed(response.getPoliciesList(), categories(response, Action.ACTION_FLAG));
            case ACTION_UNSPECIFIED, UNRECOGNIZED ->
                throw new Fault.Internal("SAFETY_VERDICT_UNKNOWN", "The safety service gave no verdict known here");
        };
    }

    private static List<String> categories(CheckPromptResponse response, Action action) {
        return response.getFindingsList().stream()
                .filter(finding -> finding.getAction() == action)
                .map(Finding::getCategory)
                .distinct()
                .toList();
    }
}
