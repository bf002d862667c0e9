// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.tensor.GaussianNoise;
import dev.darkroom.inference.tensor.Tensor;
import java.util.List;
import java.util.function.Function;

/**
 * The noise of a request's pictures: each draws from its own stream, so that none depends on its neighbours. Not thread-safe.
 *
 * @param streams one for each picture
 * @param channels of latents
 * @param height of latents
 * @param width of latents
 */
record PictureNoise(List<GaussianNoise> streams, int channels, int height, int width) {
    /** Draws latents (N, C, h, w). */
    Tensor next() {
        return each(stream -> stream.next(1, channels, height, width));
    }

    /** Returns where each stream stands. */
    List<GaussianNoise.Position> positions() {
        return streams.stream().map(GaussianNoise::position).toList();
    }

    /** Joins what each stream gives, (1, ...) to (N, ...). */
    Tensor each(Function<GaussianNoise, Tensor> drawn) {
        return Tensor.concat(streams.stream().map(drawn).toList());
    }
}
