// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.rpc.Fault;
import dev.darkroom.safety.v1.UsedPolicy;
import java.util.List;
import java.util.Map;

/** How a caller is told what safety policies block. */
final class Refusals {
    private Refusals() {}

    /** Of a prompt, or of words that are one. */
    static Fault.Refused of(PromptVerdict.Blocked blocked) {
        return of("PROMPT_BLOCKED", "this prompt", blocked.categories(), blocked.policies());
    }

    /** Of a picture that the caller sent. */
    static Fault.Refused of(PictureVerdict verdict) {
        return of("IMAGE_BLOCKED", "the picture that was sent", verdict.categories(), verdict.policies());
    }

    private static Fault.Refused of(String reason, String subject, List<String> categories, List<UsedPolicy> policies) {
        String found = String.join(",", categories);
        List<String> names = policies.stream().map(UsedPolicy::getName).toList();
        String who = names.size() == 1
                ? "The safety policy " + names.getFirst() + " blocks "
                : "One of the safety policies " + String.join(", ", names) + " blocks ";
        return new Fault.Refused(
                reason,
                who + subject + ": " + found,
                Map.of("categories", found, "safety_policies", String.join(",", names)));
    }
}
