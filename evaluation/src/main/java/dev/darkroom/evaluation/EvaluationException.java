// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.evaluation;

/** A metric cannot be had from these inputs; there is then no number, not even a bad one. The message names what was found and what is needed. */
public final class EvaluationException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    /** What is wrong, for programs. */
    public enum Reason {
        /** A mean needs one sample, a covariance two. */
        TOO_FEW_SAMPLES,
        /** Features of different lengths, or inputs that belong together in different numbers. */
        DIMENSION_MISMATCH,
        /** A NaN or an infinity. */
        NOT_FINITE,
        /** A feature of length 0 has no direction. */
        NO_DIRECTION,
        /** Fewer samples than a block, a split or a neighbourhood needs. */
        BLOCK_TOO_LARGE,
        /** A caption that nothing can be compared with. */
        EMPTY_REFERENCES,
        /** A setting outside of its range. */
        INVALID_SETTING,
        /** Stored statistics that cannot be read. */
        UNREADABLE
    }

    private final Reason reason;

    public EvaluationException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
