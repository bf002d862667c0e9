// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import dev.darkroom.safety.policy.Category;
import dev.darkroom.safety.text.Span;

/**
 * One thing that was found.
 *
 * @param span in code points of the text as it was sent
 */
record Finding(Category category, Field field, Span span) {

    /** The field of the request a text came in. */
    enum Field {
        PROMPT,
        NEGATIVE_PROMPT
    }
}
