// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference;

/** A model folder does not fit. The message names component, subject, expected and found. */
public final class ModelDirectoryException extends InferenceException {
    private static final long serialVersionUID = 1L;

    private final String component;
    private final String subject;
    private final String expected;
    private final String found;

    /**
     * @param component the part of the folder, such as {@code unet}
     * @param subject the file, tensor or JSON field at fault
     */
    public ModelDirectoryException(String component, String subject, String expected, String found) {
        super(component + ": " + subject + ": expected " + expected + ", found " + found);
        this.component = component;
        this.subject = subject;
        this.expected = expected;
        this.found = found;
    }

    public String component() {
        return component;
    }

    public String subject() {
        return subject;
    }

    public String expected() {
        return expected;
    }

    public String found() {
        return found;
    }
}
