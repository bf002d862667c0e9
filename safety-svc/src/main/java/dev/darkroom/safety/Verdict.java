// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import dev.darkroom.safety.policy.Action;
import dev.darkroom.safety.policy.Policy;
import java.util.Comparator;
import java.util.List;

/** What a policy says of a request: what was found in the order of the text, the prompt's first. */
record Verdict(Policy policy, List<Finding> findings) {

    Verdict {
        findings = List.copyOf(findings);
    }

    /** The strictest action of the findings, {@code ALLOW} when there are none. */
    Action action() {
        return findings.stream()
                .map(finding -> finding.category().action())
                .max(Comparator.naturalOrder())
                .orElse(Action.ALLOW);
    }
}
