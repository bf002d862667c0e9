// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;

/** Chunks with checksums (PNG specification, third edition, clause 5). */
record PngFile(ByteBuffer file, int width, int height) implements PictureFile {
    private static final int SIGNATURE_BYTES = 8;

    /** Length, type and checksum. */
    private static final int FRAME_BYTES = 12;

    private static final int IHDR_BYTES = 13;

    private static final Set<String> DECIDING = Set.of("IHDR", "PLTE", "tRNS", "IDAT", "IEND");

    record Chunk(String type, ByteBuffer content, ByteBuffer whole) {}

    static PngFile open(byte[] file) {
        ByteBuffer in = ByteBuffer.wrap(file).position(SIGNATURE_BYTES);
        Chunk header = chunk(in);
        PictureFile.require(header.type.equals("IHDR") && header.content.remaining() == IHDR_BYTES, ImageFormat.PNG);
        return new PngFile(ByteBuffer.wrap(file), header.content.getInt(0), header.content.getInt(Integer.BYTES));
    }

    @Override
    public ImageFormat format() {
        return ImageFormat.PNG;
    }

    /** Returns the chunks from header to end, checksums checked. */
    List<Chunk> chunks() {
        ByteBuffer in = file.duplicate().position(SIGNATURE_BYTES);
        List<Chunk> chunks = new ArrayList<>();
        do {
            chunks.add(chunk(in));
        } while (!chunks.getLast().type.equals("IEND"));
        return chunks;
    }

    private static Chunk chunk(ByteBuffer in) {
        PictureFile.require(in.remaining() >= FRAME_BYTES, ImageFormat.PNG);
        int start = in.position();
        int length = in.getInt();
        PictureFile.require(length >= 0 && length <= in.remaining() - FRAME_BYTES + Integer.BYTES, ImageFormat.PNG);
        byte[] type = new byte[Integer.BYTES];
        in.get(type);
        ByteBuffer content = in.slice(in.position(), length);
        in.position(in.position() + length);
        CRC32 crc = new CRC32();
        crc.update(in.slice(start + Integer.BYTES, Integer.BYTES + length));
        PictureFile.require(in.getInt() == (int) crc.getValue(), ImageFormat.PNG);
        return new Chunk(new String(type, StandardCharsets.US_ASCII), content, in.slice(start, length + FRAME_BYTES));
    }

    @Override
    public byte[] pixelData() {
        List<Chunk> chunks = chunks();
        PictureFile.requireStill(chunks.stream().noneMatch(chunk -> chunk.type.equals("acTL")));
        ByteBuffer deciding = ByteBuffer.allocate(file.capacity()).put(file.slice(0, SIGNATURE_BYTES));
        chunks.stream().filter(chunk -> DECIDING.contains(chunk.type)).forEach(chunk -> deciding.put(chunk.whole));
        return deciding.array();
    }

    @Override
    public ImageReader codec() {
        return ImageIO.getImageReadersByFormatName("png").next();
    }
}
