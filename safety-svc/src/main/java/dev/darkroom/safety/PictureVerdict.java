// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import dev.darkroom.safety.policy.Action;
import java.util.List;

/** What is known of a picture. */
sealed interface PictureVerdict {

    /** Nobody looked at it. */
    record Unchecked() implements PictureVerdict {}

    /**
     * Somebody looked at it.
     *
     * @param findings what is flagged or blocked, highest score first
     * @param modelDigest of the model and its concepts: equal digests see alike
     */
    record Checked(List<PictureFinding> findings, String modelDigest) implements PictureVerdict {

        public Checked {
            findings = List.copyOf(findings);
        }

        /** The strictest action of the findings, {@code ALLOW} when there are none. */
        Action action() {
            return findings.stream().map(PictureFinding::action).reduce(Action.ALLOW, Action::or);
        }
    }
}
