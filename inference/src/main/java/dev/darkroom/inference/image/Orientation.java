// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** EXIF tag 0x0112: how a camera was held. */
final class Orientation {
    private static final int TAG = 0x0112;
    private static final int SHORT = 3;
    private static final int ENTRY_BYTES = 12;
    private static final byte[] NAME = {'E', 'x', 'i', 'f', 0, 0};

    private Orientation() {}

    /** Returns the orientation, 1 to 8, in the first directory of a TIFF structure; 1 where that does not say, or is damaged. */
    static int in(ByteBuffer tiff) {
        if (tiff.remaining() < 8) {
            return 1;
        }
        ordered(tiff);
        long start = Integer.toUnsignedLong(tiff.getInt(4));
        if (start > tiff.remaining() - 2) {
            return 1;
        }
        int entries = Short.toUnsignedInt(tiff.getShort((int) start));
        for (int at = (int) start + 2; entries > 0 && at <= tiff.remaining() - ENTRY_BYTES; at += ENTRY_BYTES) {
            if (tiff.getShort(at) == TAG && tiff.getShort(at + 2) == SHORT) {
                int value = Short.toUnsignedInt(tiff.getShort(at + 8));
                return value >= 1 && value <= 8 ? value : 1;
            }
            entries--;
        }
        return 1;
    }

    /** Sets the byte order that a TIFF structure begins with. */
    static ByteBuffer ordered(ByteBuffer tiff) {
        return tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    }

    /** Returns the orientation in the EXIF block of a PNG, a WebP or a JPEG: with a name before it in the last, and at times in the others. */
    static int inExif(ByteBuffer exif) {
        return exif.remaining() > NAME.length && exif.slice(0, NAME.length).equals(ByteBuffer.wrap(NAME))
                ? in(exif.slice(NAME.length, exif.remaining() - NAME.length))
                : in(exif.slice());
    }

    /** Returns the picture as the camera saw it: from 5 on width and height change places. */
    static RgbImage apply(int orientation, RgbImage image) {
        if (orientation == 1) {
            return image;
        }
        boolean swapped = orientation >= 5;
        boolean fromRight = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
        boolean fromBottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
        int width = swapped ? image.height() : image.width();
        int height = swapped ? image.width() : image.height();
        byte[] rgb = new byte[image.rgb().length];
        int to = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int column = swapped ? y : x;
                int row = swapped ? x : y;
                int from = (fromBottom ? image.height() - 1 - row : row) * image.width()
                        + (fromRight ? image.width() - 1 - column : column);
                System.arraycopy(image.rgb(), from * 3, rgb, to, 3);
                to += 3;
            }
        }
        return RgbImage.of(width, height, rgb);
    }
}
