// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.policy;

/** How bad a finding is, least first. */
public enum Severity {
    LOW,
    MEDIUM,
    HIGH;

    /** The worse one of two. */
    public Severity or(Severity other) {
        return compareTo(other) >= 0 ? this : other;
    }
}
