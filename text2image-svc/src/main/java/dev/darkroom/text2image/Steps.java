// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

/**
 * The part of a schedule that a loop makes.
 *
 * @param first from 0
 * @param end the first that is not made
 */
record Steps(int first, int end) {
    int count() {
        return end - first;
    }
}
