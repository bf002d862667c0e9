// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;

/**
 * Two headers, a palette, rows of pixels or runs of them (Microsoft, "Bitmap Header Types"; OS/2 1.x for the short header).
 *
 * @param headerBytes length of the second header, which tells its edition
 */
record BmpFile(ByteBuffer file, int headerBytes, int width, int height) implements PictureFile {
    private static final int FILE_HEADER_BYTES = 14;
    private static final int OS2 = 12;
    private static final int V4 = 108;
    private static final int V5 = 124;
    private static final Set<Integer> HEADERS = Set.of(OS2, 40, 52, 56, V4, V5);

    private static final int RUNS_OF_BYTES = 1;
    private static final int RUNS_OF_HALVES = 2;
    private static final int MASKS = 3;

    private static final int COLOUR_SPACE = FILE_HEADER_BYTES + 56;
    private static final int PROFILE = FILE_HEADER_BYTES + 112;
    private static final int SRGB = 0x73524742;
    private static final int EMBEDDED = 0x4d424544;

    static BmpFile open(byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int header = file.getInt(FILE_HEADER_BYTES);
        if (header == OS2) {
            return new BmpFile(file, header, file.getShort(18), file.getShort(20));
        }
        if (!HEADERS.contains(header)) {
            throw new UnreadableImageException("a BMP with a header of 12, 40, 52, 56, 108 or 124 bytes", "of another");
        }
        if (file.getInt(30) < 0 || file.getInt(30) > MASKS) {
            throw new UnreadableImageException("an uncompressed or run-length encoded BMP", "compressed otherwise");
        }
        return new BmpFile(file, header, file.getInt(18), Math.absExact(file.getInt(22))); // negative: from the top
    }

    @Override
    public ImageFormat format() {
        return ImageFormat.BMP;
    }

    /** The codec reads no profile, linked ones least of all, and gets the true length of the file, which it believes. */
    @Override
    public Content content() {
        requirePixels();
        ByteBuffer deciding = ByteBuffer.allocate(file.capacity())
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(file.slice())
                .putInt(2, file.capacity());
        if (headerBytes >= V4) {
            deciding.putInt(COLOUR_SPACE, SRGB);
        }
        return new Content(deciding.array(), profile(), 1);
    }

    private void requirePixels() {
        int at = file.getInt(10);
        PictureFile.require(at >= FILE_HEADER_BYTES + headerBytes && at <= file.capacity(), ImageFormat.BMP);
        int bits = file.getShort(headerBytes == OS2 ? 24 : 28);
        int compression = headerBytes == OS2 ? 0 : file.getInt(30);
        if (compression == RUNS_OF_BYTES || compression == RUNS_OF_HALVES) {
            requireRuns(at, 8 / compression);
        } else {
            long rowBytes = Math.ceilDiv((long) width * bits, 32) * 4;
            PictureFile.require(bits > 0 && rowBytes * height <= file.capacity() - at, ImageFormat.BMP);
        }
    }

    /** A pair is a length and a colour, or 0 and: 0 for the end of a row, 1 for the end, 2 for a step, more for so many pixels as they are. */
    private void requireRuns(int start, int bits) {
        int at = start;
        while (file.get(at) != 0 || file.get(at + 1) != 1) {
            int second = Byte.toUnsignedInt(file.get(at + 1));
            boolean run = file.get(at) != 0 || second == 0;
            int words = second == 2 ? 1 : Math.ceilDiv(second * bits, 16);
            at += run ? 2 : 2 + 2 * words;
        }
    }

    private byte[] profile() {
        if (headerBytes < V5 || file.getInt(COLOUR_SPACE) != EMBEDDED) {
            return Content.NO_PROFILE;
        }
        int start = FILE_HEADER_BYTES + file.getInt(PROFILE);
        ByteBuffer profile = file.slice(start, file.getInt(PROFILE + 4));
        byte[] bytes = new byte[profile.remaining()];
        profile.get(bytes);
        return bytes;
    }

    @Override
    public ImageReader codec() {
        return ImageIO.getImageReadersByFormatName("bmp").next();
    }
}
