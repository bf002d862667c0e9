// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.darkroom.inference.image.PngWriter;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.Fingerprint;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A finished picture as a file.
 *
 * @param index from 0, among the pictures of its request
 * @param seed its own
 */
record Picture(int index, long seed, RgbImage image, ByteString png) {
    static List<Picture> encode(List<RgbImage> images, GenerationRequest request, Fingerprint fingerprint) {
        return IntStream.range(0, images.size())
                .mapToObj(i -> new Picture(
                        i,
                        request.seedOf(i),
                        images.get(i),
                        UnsafeByteOperations.unsafeWrap(
                                PngWriter.encode(images.get(i), request.pictureJson(i, fingerprint)))))
                .toList();
    }
}
