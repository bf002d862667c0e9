// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import dev.darkroom.safety.policy.Action;
import dev.darkroom.safety.policy.Severity;
import dev.darkroom.safety.text.Span;

/**
 * One thing that was found.
 *
 * @param category of the policies that found it
 * @param span in code points of the text as it was sent
 */
record Finding(String category, Severity severity, Action action, Field field, Span span) {

    /** The field of the request a text came in. */
    enum Field {
        PROMPT,
        NEGATIVE_PROMPT
    }

    /** Where it is, and what: two policies may find the same. */
    record Place(String category, Field field, Span span) {}

    Place place() {
        return new Place(category, field, span);
    }

    /** The same thing as the stricter one of two policies sees it, in severity and in action. */
    Finding stricter(Finding other) {
        return new Finding(category, severity.or(other.severity), action.or(other.action), field, span);
    }
}
