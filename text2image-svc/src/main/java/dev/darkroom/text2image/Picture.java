// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.text2image;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.darkroom.inference.image.PngWriter;
import dev.darkroom.inference.image.RgbImage;
import dev.darkroom.inference.onnx.Fingerprint;
import dev.darkroom.media.v1.Image;
import dev.darkroom.media.v1.ImageChunk;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A finished picture as a file.
 *
 * @param index from 0, among the pictures of its request
 * @param seed its own
 */
record Picture(int index, long seed, RgbImage image, ByteString png) {
    private static final int CHUNK_BYTES = 65_536;

    static Picture encode(int index, long seed, RgbImage image, String json) {
        return new Picture(index, seed, image, UnsafeByteOperations.unsafeWrap(PngWriter.encode(image, json)));
    }

    static List<Picture> encode(List<RgbImage> images, GenerationRequest request, Fingerprint fingerprint) {
        List<Integer> pictures = request.resume().pictures();
        return IntStream.range(0, images.size())
                .mapToObj(row -> encode(pictures.get(row), images.get(row), request, fingerprint))
                .toList();
    }

    private static Picture encode(int index, RgbImage image, GenerationRequest request, Fingerprint fingerprint) {
        return encode(index, request.seedOf(index), image, request.pictureJson(index, fingerprint));
    }

    Image describe() {
        return Image.newBuilder()
                .setIndex(index)
                .setWidth(image.width())
                .setHeight(image.height())
                .setMediaType("image/png")
                .setSizeBytes(png.size())
                .setSha256(Sha256.of(png))
                .build();
    }

    /** Returns the file in order, in messages of one size but for the last. */
    Stream<ImageChunk> chunks() {
        return IntStream.range(0, Math.ceilDiv(png.size(), CHUNK_BYTES))
                .map(chunk -> chunk * CHUNK_BYTES)
                .mapToObj(offset -> ImageChunk.newBuilder()
                        .setIndex(index)
                        .setOffset(offset)
                        .setData(png.substring(offset, Math.min(offset + CHUNK_BYTES, png.size())))
                        .build());
    }
}
