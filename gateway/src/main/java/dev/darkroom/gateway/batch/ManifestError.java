// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.gateway.batch;

/**
 * Something that keeps a manifest from being run.
 *
 * @param line from 1
 * @param column from 1, in characters; of a CSV file the number of the cell
 * @param field that is meant; empty where it is the line as a whole
 */
public record ManifestError(int line, int column, String field, String message) {
    @Override
    public String toString() {
        return "line " + line + ", column " + column + (field.isEmpty() ? "" : ", " + field) + ": " + message;
    }
}
