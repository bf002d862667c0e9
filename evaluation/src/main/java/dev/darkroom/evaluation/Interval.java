// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation;

/**
 * Where a value probably lies.
 *
 * @param level how probably, for instance 0.95
 */
public record Interval(double low, double high, double level) {
    /** Tells whether 0 lies outside: for a difference, whether it is significant at {@code 1 - level}. */
    public boolean excludesZero() {
        return low > 0 || high < 0;
    }
}
