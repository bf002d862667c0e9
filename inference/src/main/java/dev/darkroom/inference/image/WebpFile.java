// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import javax.imageio.ImageReader;
import org.jspecify.annotations.Nullable;

/**
 * A RIFF container, lossy (VP8, RFC 6386 section 9.1) or lossless (VP8L), with an extended header (VP8X) where there is more than that: the
 * WebP container specification, RFC 9649.
 */
record WebpFile(ByteBuffer file, int width, int height) implements PictureFile {
    private static final int HEADER_BYTES = 12;
    private static final int VP8X_BYTES = 10;
    /** The codec takes a file that expands more for a bomb; one of a single colour does, and the limits are ours. Zeros behind the end make up for it. */
    private static final int MOST_EXPANSION = 2048;

    private static final int ANIMATION = 2;
    private static final int ALPHA = 16;

    static WebpFile open(byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer content = file.slice(HEADER_BYTES + 8, file.capacity() - HEADER_BYTES - 8);
        return switch (name(file, HEADER_BYTES)) {
            case "VP8 " -> lossy(file, content.order(ByteOrder.LITTLE_ENDIAN));
            case "VP8L" -> lossless(file, content.order(ByteOrder.LITTLE_ENDIAN));
            case "VP8X" -> extended(file, content.order(ByteOrder.LITTLE_ENDIAN));
            default -> throw UnreadableImageException.damaged(ImageFormat.WEBP);
        };
    }

    /** Three bytes of frame tag, three of start code, then width and height of 14 bits, each under two bits of scale. */
    private static WebpFile lossy(ByteBuffer file, ByteBuffer content) {
        return new WebpFile(file, content.getShort(6) & 0x3fff, content.getShort(8) & 0x3fff);
    }

    /** A signature byte, then width and height less 1 of 14 bits each. */
    private static WebpFile lossless(ByteBuffer file, ByteBuffer content) {
        int sizes = content.getInt(1);
        return new WebpFile(file, (sizes & 0x3fff) + 1, ((sizes >>> 14) & 0x3fff) + 1);
    }

    /** A byte of flags, three reserved, then width and height less 1 of 24 bits each. */
    private static WebpFile extended(ByteBuffer file, ByteBuffer content) {
        PictureFile.requireStill((content.get(0) & ANIMATION) == 0);
        return new WebpFile(file, (content.getInt(4) & 0xffffff) + 1, (content.getInt(6) >>> 8) + 1);
    }

    @Override
    public ImageFormat format() {
        return ImageFormat.WEBP;
    }

    @Override
    public Content content() {
        Map<String, ByteBuffer> chunks = chunks();
        ByteBuffer lossless = chunks.get("VP8L");
        ByteBuffer image = lossless == null ? require(chunks.get("VP8 ")) : lossless;
        WebpFile inner = lossless == null ? lossy(file, content(image)) : lossless(file, content(image));
        PictureFile.require(inner.width == width && inner.height == height, ImageFormat.WEBP);
        ByteBuffer alpha = chunks.get("ALPH");
        ByteBuffer exif = chunks.get("EXIF");
        return new Content(
                alpha == null || lossless != null ? riff(image) : riff(extendedHeader(), alpha, image),
                profile(chunks.get("ICCP")),
                exif == null ? 1 : Orientation.inExif(content(exif)));
    }

    private static byte[] profile(@Nullable ByteBuffer chunk) {
        if (chunk == null) {
            return Content.NO_PROFILE;
        }
        byte[] profile = new byte[chunk.getInt(4)];
        content(chunk).get(profile);
        return profile;
    }

    /** The first chunk of each name, header and padding included. */
    private Map<String, ByteBuffer> chunks() {
        int end = Math.addExact(file.getInt(4), 8);
        PictureFile.require(end >= HEADER_BYTES && end <= file.capacity(), ImageFormat.WEBP);
        Map<String, ByteBuffer> chunks = new HashMap<>();
        int next;
        for (int at = HEADER_BYTES; at < end; at = next) {
            int length = file.getInt(at + 4);
            PictureFile.require(length >= 0 && length <= end - at - 8, ImageFormat.WEBP);
            next = at + 8 + length + length % 2;
            chunks.putIfAbsent(
                    name(file, at), file.slice(at, Math.min(next, end) - at).order(ByteOrder.LITTLE_ENDIAN));
        }
        return chunks;
    }

    private static String name(ByteBuffer file, int at) {
        byte[] name = new byte[4];
        file.get(at, name);
        return new String(name, StandardCharsets.ISO_8859_1);
    }

    private static ByteBuffer content(ByteBuffer chunk) {
        return chunk.slice(8, chunk.capacity() - 8).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer require(@Nullable ByteBuffer chunk) {
        if (chunk == null) {
            throw UnreadableImageException.damaged(ImageFormat.WEBP);
        }
        return chunk;
    }

    private ByteBuffer extendedHeader() {
        ByteBuffer chunk = ByteBuffer.allocate(8 + VP8X_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        chunk.put("VP8X".getBytes(StandardCharsets.US_ASCII)).putInt(VP8X_BYTES).putInt(ALPHA);
        chunk.putInt((width - 1) | ((height - 1) << 24)).putShort((short) ((height - 1) >> 8));
        return chunk.flip();
    }

    private byte[] riff(ByteBuffer... chunks) {
        int length = HEADER_BYTES;
        for (ByteBuffer chunk : chunks) {
            length += chunk.remaining() + chunk.remaining() % 2;
        }
        int pixelBytes = Math.multiplyExact(4 * width, height);
        ByteBuffer riff = ByteBuffer.allocate(Math.max(length, pixelBytes / MOST_EXPANSION + 1))
                .order(ByteOrder.LITTLE_ENDIAN);
        riff.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(length - 8);
        riff.put("WEBP".getBytes(StandardCharsets.US_ASCII));
        for (ByteBuffer chunk : chunks) {
            int padding = chunk.remaining() % 2;
            riff.put(chunk.duplicate()).position(riff.position() + padding);
        }
        return riff.array();
    }

    @Override
    public ImageReader codec() throws IOException {
        return new WebPImageReaderSpi().createReaderInstance(null);
    }
}
