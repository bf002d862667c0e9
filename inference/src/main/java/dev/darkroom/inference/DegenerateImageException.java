// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference;

/** A model ran and what it made is no picture. The message is fit for remote callers: it says which way, and nothing else. */
public final class DegenerateImageException extends InferenceException {
    private static final long serialVersionUID = 1L;

    private DegenerateImageException(String message) {
        super(message);
    }

    public static DegenerateImageException notFinite() {
        return new DegenerateImageException("The model produced values that are not numbers");
    }

    public static DegenerateImageException constant() {
        return new DegenerateImageException("The model produced a picture of a single colour");
    }
}
