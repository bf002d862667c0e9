// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.rpc.Fault;
import dev.darkroom.safety.v1.Action;
import dev.darkroom.safety.v1.CheckPromptResponse;
import dev.darkroom.safety.v1.Finding;
import java.util.List;

/** What the check of a prompt decided. */
sealed interface PromptVerdict {
    /** Name of the policy that was used. */
    String policy();

    /**
     * Nothing may be generated.
     *
     * @param categories what the policy blocks in it, in the order of the text, each once
     */
    record Blocked(String policy, List<String> categories) implements PromptVerdict {}

    /**
     * The work goes on.
     *
     * @param policyDigest SHA-256 of the policy, in hexadecimal
     * @param flagged categories that the caller is told of, in the order of the text, each once; usually none
     */
    record Passed(String policy, String policyDigest, List<String> flagged) implements PromptVerdict {}

    /**
     * Reads an answer of the safety service.
     *
     * @throws Fault.Internal if the answer names no action that is known here: it must not count as a pass
     */
    static PromptVerdict of(CheckPromptResponse response) {
        return switch (response.getAction()) {
            case ACTION_BLOCK -> new Blocked(response.getPolicy(), categories(response, Action.ACTION_BLOCK));
            case ACTION_ALLOW, ACTION_FLAG ->
                new Passed(response.getPolicy(), response.getPolicyDigest(), categories(response, Action.ACTION_FLAG));
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
