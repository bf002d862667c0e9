// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.caption;

import com.google.protobuf.ByteString;
import dev.darkroom.inference.image.ImageDecoder;
import dev.darkroom.inference.image.ImageLimits;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.image.UnreadableImageException;
import dev.darkroom.media.v1.Warning;
import dev.darkroom.rpc.Violations;
import java.util.ArrayList;
import java.util.List;

/**
 * A picture that came with a request.
 *
 * @param image smaller than as it was sent, where that is very large
 * @param alphaDropped whether a pixel was not opaque, and so has white in it now
 */
record GivenPicture(RgbImage image, boolean alphaDropped) {
    /** Stands for one that was refused. */
    static final GivenPicture NONE = new GivenPicture(RgbImage.of(1, 1, new byte[3]), false);

    /** Sides up to twice this are not reduced before the model's own resizing, so that recorded answers stay what they are. */
    private static final int ENOUGH = 1024;

    /** Decodes a picture, or adds what is wrong with it and returns {@link #NONE}. */
    static GivenPicture decode(
            ByteString file, String field, ImageLimits limits, int imageSize, Violations violations) {
        try {
            int enough = Math.max(ENOUGH, 4 * imageSize);
            ImageDecoder.Decoded decoded = ImageDecoder.decode(file.toByteArray(), limits, enough);
            return new GivenPicture(decoded.image(), decoded.alphaDropped());
        } catch (UnreadableImageException e) {
            violations.add(field, e.limit(), e.found());
            return NONE;
        }
    }

    /** Returns what the caller should know of it. */
    List<Warning> warnings(String field, int imageSize) {
        List<Warning> warnings = new ArrayList<>();
        if (Math.min(image.width(), image.height()) < imageSize) {
            warnings.add(warning(
                    "INPUT_SMALL",
                    field + " is " + image.width() + " x " + image.height() + " pixels; " + imageSize + " x "
                            + imageSize + " would serve"));
        }
        if (alphaDropped) {
            warnings.add(warning("ALPHA_DROPPED", field + " was laid over white: its alpha channel is ignored"));
        }
        return warnings;
    }

    static Warning warning(String reason, String message) {
        return Warning.newBuilder().setReason(reason).setMessage(message).build();
    }
}
