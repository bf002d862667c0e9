// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0

package dev.darkroom.safety.policy;

/** Says that a policy cannot be used: the file, the line, the key and what is wrong there. */
public final class PolicyException extends RuntimeException {

    private static final long serialVersionUID = 1;

    PolicyException(String message) {
        super(message);
    }

    PolicyException(String message, Throwable cause) {
        super(message, cause);
    }
}
