// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.video;

import dev.darkroom.inference.Cancellation;
import dev.darkroom.inference.DegenerateImageException;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.InterpolationModel;
import dev.darkroom.inference.tensor.Tensor;
import java.util.Arrays;
import java.util.function.Function;

/**
 * Draws frames between two by a network, of any size: what does not fit the network is filled up by repeating the edge, and cropped again. Thread-safe.
 */
public final class FrameInterpolator {
    private final InterpolationModel model;

    public FrameInterpolator(InterpolationModel model) {
        this.model = model;
    }

    /** Tells whether the scene changes between two frames of one size, so that nothing lies between them. */
    public boolean isCut(RgbImage first, RgbImage second) {
        return SceneCut.isBetween(first, second);
    }

    /**
     * Returns the frame at a time between two of one size.
     *
     * @param time above 0 and below 1
     * @param runner makes the network call, when its turn has come
     * @throws DegenerateImageException if the network gives values that are not finite
     * @throws java.util.concurrent.CancellationException if the runner's call is cancelled
     */
    public RgbImage between(
            RgbImage first, RgbImage second, float time, Function<Function<Cancellation, Tensor>, Tensor> runner) {
        Tensor before = input(first);
        Tensor after = input(second);
        Tensor drawn = runner.apply(cancellation -> model.between(before, after, time, cancellation));
        if (!drawn.isFinite()) {
            throw DegenerateImageException.notFinite();
        }
        Tensor decoded = Tensor.combine(2, drawn, -1, ones(drawn)); // as a decoder gives it: -1 to 1
        return RgbImage.fromDecoded(decoded).getFirst().cropped(first.width(), first.height());
    }

    private static Tensor ones(Tensor like) {
        float[] ones = new float[like.size()];
        Arrays.fill(ones, 1);
        return Tensor.of(ones, like.shape());
    }

    /** Returns a frame as (1, 3, H, W) in 0..1, of a size that the network takes. */
    private Tensor input(RgbImage frame) {
        RgbImage padded = frame.padded(fitting(frame.width()), fitting(frame.height()));
        Tensor signed = padded.toTensor();
        return Tensor.combine(0.5f, signed, 0.5f, ones(signed));
    }

    private int fitting(int side) {
        return Math.ceilDiv(side, model.multipleOf()) * model.multipleOf();
    }
}
