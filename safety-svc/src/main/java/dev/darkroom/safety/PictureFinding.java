// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety;

import dev.darkroom.safety.policy.Action;
import dev.darkroom.safety.policy.Severity;

/**
 * A concept that was recognised in a picture, as the strictest of the policies sees it.
 *
 * @param score see {@link Concepts}; above 0, at most 2
 */
record PictureFinding(String concept, String category, Severity severity, Action action, double score) {}
