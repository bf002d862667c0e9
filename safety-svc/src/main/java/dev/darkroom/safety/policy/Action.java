// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.policy;

/** What a policy says of a text, mildest first. */
public enum Action {
    /** Goes on. */
    ALLOW,
    /** Goes on, and the caller is told. */
    FLAG,
    /** Stops here. */
    BLOCK
}
