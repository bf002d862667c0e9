// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;

/**
 * A screen, on which the first frame is laid; further frames are walked over, and never decoded (GIF89a specification).
 *
 * @param blocks where the first block after the screen's header and palette begins
 * @param control where the extension with the first frame's transparency begins; 0 without one
 * @param frame where the first frame's descriptor begins
 */
record GifFile(ByteBuffer file, int blocks, int control, int frame) implements PictureFile {
    private static final int SCREEN_END = 13;
    private static final int DESCRIPTOR_BYTES = 10;

    private static final int EXTENSION = 0x21;
    private static final int GRAPHIC_CONTROL = 0xf9;
    private static final int CONTROL_BYTES = 8;
    private static final int FRAME = 0x2c;
    private static final byte TRAILER = 0x3b;

    static GifFile open(byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int blocks = SCREEN_END + paletteBytes(file.get(10));
        int control = 0;
        int at = blocks;
        while (unsignedByte(file, at) == EXTENSION) {
            if (unsignedByte(file, at + 1) == GRAPHIC_CONTROL) {
                require(file.get(at + 2) == 4 && file.get(at + 7) == 0);
                control = at;
            }
            at = afterData(file, at + 2);
        }
        require(unsignedByte(file, at) == FRAME);
        return new GifFile(file, blocks, control, at);
    }

    /** A flag, and the number of bits of an index less 1. */
    private static int paletteBytes(byte flags) {
        return flags < 0 ? 3 << ((flags & 7) + 1) : 0;
    }

    private static int unsignedByte(ByteBuffer file, int at) {
        return Byte.toUnsignedInt(file.get(at));
    }

    /** Steps over blocks that begin with their length, up to the empty one. */
    private static int afterData(ByteBuffer file, int at) {
        int next = at;
        for (int length = unsignedByte(file, next); length > 0; length = unsignedByte(file, next)) {
            next += 1 + length;
        }
        return next + 1;
    }

    /** A descriptor, a palette, the number of bits of a code, data. */
    private static int afterFrame(ByteBuffer file, int at) {
        return afterData(file, at + DESCRIPTOR_BYTES + paletteBytes(file.get(at + 9)) + 1);
    }

    private static void require(boolean condition) {
        PictureFile.require(condition, ImageFormat.GIF);
    }

    @Override
    public ImageFormat format() {
        return ImageFormat.GIF;
    }

    private int unsignedShort(int at) {
        return Short.toUnsignedInt(file.getShort(at));
    }

    /** A screen too small for its first frame grows, as Pillow lets it. */
    @Override
    public int width() {
        return Math.max(unsignedShort(6), unsignedShort(frame + 1) + unsignedShort(frame + 5));
    }

    @Override
    public int height() {
        return Math.max(unsignedShort(8), unsignedShort(frame + 3) + unsignedShort(frame + 7));
    }

    @Override
    public Content content() {
        int frameEnd = afterFrame(file, frame);
        ByteBuffer deciding = ByteBuffer.allocate(blocks + CONTROL_BYTES + frameEnd - frame + 1);
        deciding.put(file.slice(0, blocks));
        if (control > 0) {
            deciding.put(file.slice(control, CONTROL_BYTES));
        }
        deciding.put(file.slice(frame, frameEnd - frame)).put(TRAILER);
        requireEnd(frameEnd);
        return Content.upright(deciding.array());
    }

    private void requireEnd(int from) {
        int at = from;
        while (file.get(at) != TRAILER) {
            int block = unsignedByte(file, at);
            require(block == EXTENSION || block == FRAME);
            at = block == EXTENSION ? afterData(file, at + 2) : afterFrame(file, at);
        }
    }

    @Override
    public ImageReader codec() {
        return ImageIO.getImageReadersByFormatName("gif").next();
    }

    /** What the frame leaves free is transparent. Where its data ends too soon, the codec ends without a word. */
    @Override
    public BufferedImage read(ImageReader codec) throws IOException {
        Progress progress = new Progress();
        codec.addIIOReadProgressListener(progress);
        BufferedImage first = codec.read(0);
        require(progress.complete());
        if (first.getWidth() == width() && first.getHeight() == height()) {
            return first;
        }
        BufferedImage screen = new BufferedImage(width(), height(), BufferedImage.TYPE_INT_ARGB);
        for (int y = 0; y < first.getHeight(); y++) {
            int[] row = first.getRGB(0, y, first.getWidth(), 1, null, 0, first.getWidth());
            screen.setRGB(unsignedShort(frame + 1), unsignedShort(frame + 3) + y, row.length, 1, row, 0, row.length);
        }
        return screen;
    }
}
