// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.image.RgbImage;

/** What a request's pictures start from. */
sealed interface Start {
    /** Noise alone. */
    record Noise() implements Start {}

    /**
     * A picture.
     *
     * @param image of the size of the pictures to make
     * @param strength above 0, to 1: how much of it is drawn anew
     * @param sha256 of the file that it came in, in hexadecimal
     */
    record Picture(RgbImage image, double strength, String sha256) implements Start {}
}
