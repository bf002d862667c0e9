// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import dev.darkroom.inference.image.ImageDecoder;
import dev.darkroom.inference.image.ImageDecoder.Decoded;
import dev.darkroom.inference.image.ImageLimits;
import dev.darkroom.inference.image.Resampling;
import dev.darkroom.inference.image.Resize;
import dev.darkroom.inference.image.UnreadableImageException;
import dev.darkroom.rpc.Violations;
import dev.darkroom.text2image.v1.GenerateRequest;
import dev.darkroom.text2image.v1.ImageParameters;
import java.util.List;

/**
 * The picture that a request brought, if any.
 *
 * @param decoded the picture, or nothing
 * @param sha256 of its file, in hexadecimal; empty where there is none
 */
record GivenPicture(List<Decoded> decoded, String sha256) {
    private static final GivenPicture NONE = new GivenPicture(List.of(), "");
    private static final String FIELD = "image";

    /** Decodes it within the model's limits; refuses it, or its absence, as the model must. */
    static GivenPicture decode(GenerateRequest proto, TextToImageModel model, Violations violations) {
        byte[] file = proto.getImage().toByteArray();
        if (file.length == 0) {
            violations.check(
                    !model.pipeline().requiresImage(), FIELD, "a picture: this model draws none from noise alone", 0);
            return NONE;
        }
        int maxBytes = model.limits().getMaxImageBytes();
        if (maxBytes == 0) {
            violations.add(
                    FIELD, "empty: this model has no VAE encoder that could read a picture", file.length + " bytes");
            return NONE;
        }
        try {
            ImageLimits limits =
                    new ImageLimits(model.limits().getMinSize(), model.limits().getMaxSize(), maxBytes);
            return new GivenPicture(List.of(ImageDecoder.decode(file, limits)), Sha256.of(proto.getImage()));
        } catch (UnreadableImageException e) {
            violations.add(FIELD, e.limit(), e.found());
            return NONE;
        }
    }

    boolean alphaDropped() {
        return !decoded.isEmpty() && decoded.getFirst().alphaDropped();
    }

    /** Returns the width of pictures that are asked for without one: its own, rounded down, or the model's. */
    int width(TextToImageModel model) {
        return decoded.isEmpty()
                ? model.defaultWidth()
                : rounded(decoded.getFirst().image().width(), model);
    }

    /** Returns the height of pictures that are asked for without one: its own, rounded down, or the model's. */
    int height(TextToImageModel model) {
        return decoded.isEmpty()
                ? model.defaultHeight()
                : rounded(decoded.getFirst().image().height(), model);
    }

    private static int rounded(int side, TextToImageModel model) {
        int multiple = model.limits().getSizeMultiple();
        return side / multiple * multiple;
    }

    /** Returns what to start from, resized as diffusers does; refuses a strength that has nothing to work on, or out of range. */
    Start start(int width, int height, ImageParameters parameters, TextToImageModel model, Violations violations) {
        double strength = parameters.hasStrength() ? parameters.getStrength() : model.defaultStrength();
        if (decoded.isEmpty()) {
            violations.check(
                    !parameters.hasStrength(),
                    "parameters.strength",
                    "unset without a picture to start from",
                    strength);
            return new Start.Noise();
        }
        violations.check(strength > 0 && strength <= 1, "parameters.strength", "above 0, to 1", strength);
        return new Start.Picture(
                Resize.resize(decoded.getFirst().image(), width, height, Resampling.LANCZOS), strength, sha256);
    }
}
