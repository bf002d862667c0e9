// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.inference.image;

import java.awt.color.CMMException;
import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.ColorConvertOp;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;

/** The JDK's colour engine (Little CMS) between an embedded profile and sRGB, 8 bits in and out. */
final class IccColours implements Colours {
    /** A profile that moves no colour by more is sRGB in one of its many editions; most are. */
    private static final int SAME = 3;

    private static final int GRID = 6;

    private final ColorConvertOp conversion;
    private final int components;
    private final WritableRaster from;
    private final WritableRaster to;

    private IccColours(ColorConvertOp conversion, int components, int pixels) {
        this.conversion = conversion;
        this.components = components;
        this.from = Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, pixels, 1, components, null);
        this.to = Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, pixels, 1, 3, null);
    }

    /** Returns {@code otherwise} for a damaged profile, for one of other colours than the picture's, and for sRGB itself. */
    static Colours of(byte[] profile, int components, int pixels, Colours otherwise) {
        try {
            ICC_Profile embedded = ICC_Profile.getInstance(profile);
            if (embedded.getColorSpaceType() != type(components)) {
                return otherwise;
            }
            ICC_Profile[] way = {embedded, ICC_Profile.getInstance(ColorSpace.CS_sRGB)};
            ColorConvertOp conversion = new ColorConvertOp(way, null);
            return changes(conversion, components) ? new IccColours(conversion, components, pixels) : otherwise;
        } catch (IllegalArgumentException | CMMException _) { // a picture is not damaged with its profile
            return otherwise;
        }
    }

    private static int type(int components) {
        return switch (components) {
            case 1 -> ColorSpace.TYPE_GRAY;
            case 3 -> ColorSpace.TYPE_RGB;
            default -> ColorSpace.TYPE_CMYK;
        };
    }

    /** Tries the conversion. */
    private static boolean changes(ColorConvertOp conversion, int components) {
        int[] grid = grid(components);
        int[] changed = grid.clone();
        new IccColours(conversion, components, grid.length).toSrgb(changed);
        int most = 0;
        for (int i = 0; i < grid.length; i++) {
            for (int shift = 0; shift < 24; shift += 8) {
                most = Math.max(most, Math.abs((grid[i] >>> shift & 255) - (changed[i] >>> shift & 255)));
            }
        }
        return components == 4 || most > SAME;
    }

    private static int[] grid(int components) {
        int[] grid = new int[GRID * GRID * GRID];
        int step = 255 / (GRID - 1);
        for (int i = 0; i < grid.length; i++) {
            int red = i / GRID / GRID * step;
            int green = i / GRID % GRID * step;
            int blue = i % GRID * step;
            grid[i] = 0xff000000 | (components == 1 ? blue * 0x10101 : red << 16 | green << 8 | blue);
        }
        return grid;
    }

    @Override
    public void toSrgb(int[] pixels) {
        byte[] in = ((DataBufferByte) from.getDataBuffer()).getData();
        byte[] out = ((DataBufferByte) to.getDataBuffer()).getData();
        for (int i = 0; i < in.length; i++) {
            in[i] = (byte) (pixels[i / components] >>> (8 * (components - 1 - i % components)));
        }
        conversion.filter(from, to);
        for (int i = 0; i < pixels.length; i++) {
            int alpha = components == 4 ? 0xff000000 : pixels[i] & 0xff000000;
            pixels[i] = alpha | (out[i * 3] & 255) << 16 | (out[i * 3 + 1] & 255) << 8 | (out[i * 3 + 2] & 255);
        }
    }
}
