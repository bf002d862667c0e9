// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;

/** Chunks with checksums (PNG specification, third edition, clause 5). */
record PngFile(ByteBuffer file, int width, int height) implements PictureFile {
    private static final int SIGNATURE_BYTES = 8;

    /** Length, type and checksum. */
    private static final int FRAME_BYTES = 12;

    private static final int IHDR_BYTES = 13;

    /** Profiles of printers reach 2 MiB. */
    private static final int MAX_PROFILE_BYTES = 4 << 20;

    /** Deflate's own limit is 1,032. */
    private static final int MAX_EXPANSION = 100;

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
    public Content content() {
        List<Chunk> chunks = chunks();
        PictureFile.requireStill(chunks.stream().noneMatch(chunk -> chunk.type.equals("acTL")));
        ByteBuffer deciding = ByteBuffer.allocate(file.capacity()).put(file.slice(0, SIGNATURE_BYTES));
        byte[] profile = Content.NO_PROFILE;
        int orientation = 1;
        for (Chunk chunk : chunks) {
            if (DECIDING.contains(chunk.type)) {
                deciding.put(chunk.whole);
            }
            switch (chunk.type) {
                case "iCCP" -> profile = profile(chunk.content);
                case "eXIf" -> orientation = Orientation.inExif(chunk.content);
                default -> {} // texts and the like, compressed ones among them: nobody unpacks them
            }
        }
        return new Content(deciding.array(), profile, orientation);
    }

    /** A name, 0, the method of compression, which is 0, and the compressed profile; none if that is damaged or too long. */
    private static byte[] profile(ByteBuffer content) {
        int at = 0;
        while (content.get(at) != 0) {
            at++;
        }
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(content.slice(at + 2, content.remaining() - at - 2));
            byte[] profile = new byte[Math.min(MAX_PROFILE_BYTES, content.remaining() * MAX_EXPANSION)];
            int length = inflater.inflate(profile);
            return inflater.finished() ? Arrays.copyOf(profile, length) : Content.NO_PROFILE;
        } catch (DataFormatException _) {
            return Content.NO_PROFILE;
        } finally {
            inflater.end();
        }
    }

    @Override
    public ImageReader codec() {
        return ImageIO.getImageReadersByFormatName("png").next();
    }
}
