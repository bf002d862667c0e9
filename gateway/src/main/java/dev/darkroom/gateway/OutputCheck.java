// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway;

import dev.darkroom.safety.v1.OutputVerdict;
import dev.darkroom.text2image.v1.GeneratedImage;
import jakarta.inject.Singleton;

/**
 * The check of a picture before its bytes are delivered: the one place where a verdict on pixels is made.
 *
 * <p>No service judges pixels yet, so nobody looks at them, and the verdict says just that. Callers who need pictures checked must
 * check what says {@code OUTPUT_VERDICT_UNCHECKED} themselves.
 */
@Singleton
final class OutputCheck {
    /** Returns what is known of a finished picture; never {@code OUTPUT_VERDICT_UNSPECIFIED}. */
    OutputVerdict verdict(GeneratedImage image) {
        return OutputVerdict.OUTPUT_VERDICT_UNCHECKED;
    }
}
