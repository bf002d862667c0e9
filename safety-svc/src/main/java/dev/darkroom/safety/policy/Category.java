// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.policy;

import dev.darkroom.safety.detect.Detector;
import dev.darkroom.safety.text.Literals;
import dev.darkroom.safety.text.WordPatterns;
import java.util.Set;

/**
 * A category of a policy.
 *
 * @param name lower case, words joined by underscores
 * @param action for words
 * @param outputAction for pictures that show it
 * @param inNegativePrompts whether negative prompts are searched too; where not, "no knife" is harmless
 * @param terms the words that belong to it
 * @param exceptions where a term stands inside one of these, it means something else
 * @param literals strings that belong to it as they stand
 * @param detectors what belongs to it by its form
 */
public record Category(
        String name,
        Severity severity,
        Action action,
        Action outputAction,
        boolean inNegativePrompts,
        WordPatterns terms,
        WordPatterns exceptions,
        Literals literals,
        Set<Detector> detectors) {

    public Category {
        detectors = Set.copyOf(detectors);
    }
}
