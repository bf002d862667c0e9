// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.policy;

/** What a policy says of a text or of a picture, mildest first. */
public enum Action {
    /** Goes on. */
    ALLOW,
    /** Goes on, and the caller is told. */
    FLAG,
    /** Stops here. */
    BLOCK;

    /** The stricter one of two. */
    public Action or(Action other) {
        return compareTo(other) >= 0 ? this : other;
    }
}
