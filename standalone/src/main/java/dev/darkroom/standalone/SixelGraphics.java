// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import java.awt.image.BufferedImage;
import java.util.BitSet;

/**
 * Sixel graphics (DEC, VT330/VT340 Programmer Reference Manual, volume 2, chapter 14): bands of six rows of pixels, one pass over a band
 * for each colour in it. The colours are a cube of 6 x 6 x 6, with an ordered dither between them.
 */
final class SixelGraphics implements TerminalGraphics {
    private static final int BAND = 6;
    private static final int LEVELS = 6;
    private static final int STEP = 255 / (LEVELS - 1);

    /** Cells are seldom smaller, and a picture that is too high would run into what stands below it. */
    private static final int PIXELS_PER_ROW = 12;

    /** Runs that are shorter take no fewer bytes as a repetition. */
    private static final int MIN_RUN = 4;

    /** Thresholds of an ordered dither, in sixteenths (Bayer 1973). */
    private static final int[][] BAYER = {{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}};

    @Override
    public String draw(BufferedImage picture, Cells cells) {
        int width = Math.max(1, cells.columns() * PIXELS_PER_ROW / 2);
        int height = Math.max(1, cells.rows() * PIXELS_PER_ROW);
        return encode(Resampling.to(picture, width, height));
    }

    /** Returns the whole control string for a picture, pixel for pixel. */
    static String encode(BufferedImage picture) {
        int[][] colours = colours(picture);
        StringBuilder out = new StringBuilder("\u001bP0;1q\"1;1;")
                .append(picture.getWidth())
                .append(';')
                .append(picture.getHeight());
        used(colours, 0, colours.length).stream().forEach(colour -> define(colour, out));
        for (int top = 0; top < colours.length; top += BAND) {
            if (top > 0) {
                out.append('-');
            }
            band(colours, top, out);
        }
        return out.append("\u001b\\").toString();
    }

    private static int[][] colours(BufferedImage picture) {
        int[][] colours = new int[picture.getHeight()][picture.getWidth()];
        for (int y = 0; y < colours.length; y++) {
            for (int x = 0; x < colours[y].length; x++) {
                colours[y][x] = colour(picture.getRGB(x, y), BAYER[y % 4][x % 4]);
            }
        }
        return colours;
    }

    private static int colour(int pixel, int threshold) {
        int red = level(pixel >> 16 & 0xff, threshold);
        int green = level(pixel >> 8 & 0xff, threshold);
        int blue = level(pixel & 0xff, threshold);
        return (red * LEVELS + green) * LEVELS + blue;
    }

    private static int level(int value, int threshold) {
        return (int) ((double) value / STEP + (threshold + 0.5) / 16);
    }

    private static BitSet used(int[][] colours, int from, int to) {
        BitSet used = new BitSet();
        for (int y = from; y < to; y++) {
            for (int colour : colours[y]) {
                used.set(colour);
            }
        }
        return used;
    }

    /** Says what a colour is, in percent. */
    private static void define(int colour, StringBuilder out) {
        int percent = 100 / (LEVELS - 1);
        out.append('#').append(colour).append(";2;");
        out.append(colour / LEVELS / LEVELS * percent).append(';');
        out.append(colour / LEVELS % LEVELS * percent).append(';');
        out.append(colour % LEVELS * percent);
    }

    private static void band(int[][] colours, int top, StringBuilder out) {
        int bottom = Math.min(top + BAND, colours.length);
        int[] present = used(colours, top, bottom).stream().toArray();
        for (int i = 0; i < present.length; i++) {
            out.append(i > 0 ? "$#" : "#").append(present[i]);
            row(colours, top, bottom, present[i], out);
        }
    }

    /** Six pixels one below the other are one character, the uppermost its lowest bit. */
    private static void row(int[][] colours, int top, int bottom, int colour, StringBuilder out) {
        char last = 0;
        int run = 0;
        for (int x = 0; x < colours[top].length; x++) {
            int bits = 0;
            for (int y = top; y < bottom; y++) {
                bits |= colours[y][x] == colour ? 1 << (y - top) : 0;
            }
            char sixel = (char) ('?' + bits);
            if (sixel != last) {
                repeat(last, run, out);
                last = sixel;
                run = 0;
            }
            run++;
        }
        repeat(last, run, out);
    }

    private static void repeat(char sixel, int times, StringBuilder out) {
        if (times >= MIN_RUN) {
            out.append('!').append(times).append(sixel);
        } else {
            out.repeat(sixel, times);
        }
    }
}
