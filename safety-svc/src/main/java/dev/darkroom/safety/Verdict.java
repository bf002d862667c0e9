// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import dev.darkroom.safety.policy.Action;
import dev.darkroom.safety.policy.Policy;
import java.util.List;

/** What policies say of a request: what was found in the order of the text, the prompt's first. */
record Verdict(List<Policy> policies, List<Finding> findings) {

    Verdict {
        policies = List.copyOf(policies);
        findings = List.copyOf(findings);
    }

    /** The strictest action of the findings, {@code ALLOW} when there are none. */
    Action action() {
        return findings.stream().map(Finding::action).reduce(Action.ALLOW, Action::or);
    }
}
