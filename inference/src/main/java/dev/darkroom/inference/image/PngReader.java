// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes PNG files that may come from anybody: the header decides before any pixel is inflated, compressed text is never
 * inflated, and a damaged or cut file is refused rather than shown in part. Thread-safe.
 */
public final class PngReader {
    private static final long SIGNATURE = 0x89504e470d0a1a0aL;

    /** Length, type and checksum of a chunk. */
    private static final int CHUNK_FRAME = 12;

    private PngReader() {}

    /**
     * A decoded file.
     *
     * @param image 8 bits per channel whatever the file has; transparency is dropped
     * @param parametersJson the text that {@link PngWriter} put in; empty if there is none
     */
    public record Picture(RgbImage image, String parametersJson) {}

    private record Chunk(String type, ByteBuffer content) {}

    /**
     * Decodes a whole file.
     *
     * @throws IllegalArgumentException if it is no intact PNG, or has more than {@code maxPixels} pixels
     */
    public static Picture decode(byte[] file, long maxPixels) {
        List<Chunk> chunks = chunks(ByteBuffer.wrap(file));
        requireSize(chunks.getFirst(), maxPixels);
        return new Picture(pixels(file), text(chunks));
    }

    private static List<Chunk> chunks(ByteBuffer in) {
        require(in.remaining() > Long.BYTES && in.getLong() == SIGNATURE, "no PNG signature");
        List<Chunk> chunks = new ArrayList<>();
        do {
            chunks.add(chunk(in));
        } while (!chunks.getLast().type.equals("IEND"));
        require(chunks.getFirst().type.equals("IHDR"), "no header");
        return chunks;
    }

    private static Chunk chunk(ByteBuffer in) {
        require(in.remaining() >= CHUNK_FRAME, "the file is cut off");
        int length = in.getInt();
        require(length >= 0 && length <= in.remaining() - CHUNK_FRAME + Integer.BYTES, "the file is cut off");
        CRC32 crc = new CRC32();
        crc.update(in.slice(in.position(), Integer.BYTES + length));
        byte[] type = new byte[Integer.BYTES];
        in.get(type);
        ByteBuffer content = in.slice(in.position(), length);
        in.position(in.position() + length);
        require(in.getInt() == (int) crc.getValue(), "a checksum is wrong");
        return new Chunk(new String(type, StandardCharsets.US_ASCII), content);
    }

    private static void requireSize(Chunk header, long maxPixels) {
        require(header.content.remaining() >= 2 * Integer.BYTES, "the header is cut off");
        long width = header.content.getInt(0);
        long height = header.content.getInt(Integer.BYTES);
        require(width > 0 && height > 0, "no pixels");
        require(width * height <= maxPixels, width + " x " + height + " pixels exceed the limit of " + maxPixels);
    }

    private static RgbImage pixels(byte[] file) {
        ImageReader reader = ImageIO.getImageReadersByFormatName("png").next();
        List<String> warnings = new ArrayList<>();
        try (MemoryCacheImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
            reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
            reader.setInput(in, true, true); // ignores metadata: its compressed text has no size limit
            BufferedImage image = reader.read(0);
            require(warnings.isEmpty(), "the pixels are damaged");
            return rgb(image);
        } catch (IOException e) {
            throw new IllegalArgumentException("not an intact PNG: the pixels are damaged", e);
        } finally {
            reader.dispose();
        }
    }

    private static RgbImage rgb(BufferedImage image) {
        int[] packed = image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
        ByteBuffer rgb = ByteBuffer.allocate(packed.length * 3);
        for (int pixel : packed) {
            rgb.put((byte) (pixel >> 16)).put((byte) (pixel >> 8)).put((byte) pixel);
        }
        return RgbImage.of(image.getWidth(), image.getHeight(), rgb.array());
    }

    /** iTXt: keyword, 0, compression flag, compression method, language, 0, translated keyword, 0, text. */
    private static String text(List<Chunk> chunks) {
        String prefix = PngWriter.KEYWORD + "\0\0\0\0\0";
        return chunks.stream()
                .filter(chunk -> chunk.type.equals("iTXt"))
                .map(chunk ->
                        StandardCharsets.UTF_8.decode(chunk.content.duplicate()).toString())
                .filter(content -> content.startsWith(prefix))
                .findFirst()
                .map(content -> content.substring(prefix.length()))
                .orElse("");
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalArgumentException("not an intact PNG: " + otherwise);
        }
    }
}
