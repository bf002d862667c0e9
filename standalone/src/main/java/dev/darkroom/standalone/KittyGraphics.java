// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import java.awt.image.BufferedImage;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * The terminal graphics protocol of kitty (sw.kovidgoyal.net/kitty/graphics-protocol): 24-bit RGB in base64, in chunks of at most 4,096
 * characters, which the terminal scales to the cells.
 */
final class KittyGraphics implements TerminalGraphics {
    private static final int CHUNK = 4_096;
    private static final int PIXELS_PER_ROW = 10;

    /** One id for all: what comes later takes the place of what was there. */
    private static final int IMAGE = 1;

    @Override
    public String draw(BufferedImage picture, Cells cells) {
        int width = Math.min(picture.getWidth(), cells.columns() * PIXELS_PER_ROW / 2);
        int height = Math.min(picture.getHeight(), cells.rows() * PIXELS_PER_ROW);
        BufferedImage small = Resampling.to(picture, Math.max(1, width), Math.max(1, height));
        // a=T: transmit and display; q=2: no answers; C=1: the cursor stays
        String control = "a=T,q=2,C=1,f=24,i=%d,p=1,s=%d,v=%d,c=%d,r=%d"
                .formatted(IMAGE, small.getWidth(), small.getHeight(), cells.columns(), cells.rows());
        return chunks(control, Base64.getEncoder().encode(rgb(small)));
    }

    private static String chunks(String control, byte[] base64) {
        StringBuilder out = new StringBuilder();
        for (int from = 0; from < base64.length; from += CHUNK) {
            int length = Math.min(CHUNK, base64.length - from);
            out.append("\u001b_G")
                    .append(from == 0 ? control + "," : "")
                    .append(from + length < base64.length ? "m=1;" : "m=0;")
                    .append(new String(base64, from, length, StandardCharsets.US_ASCII))
                    .append("\u001b\\");
        }
        return out.toString();
    }

    private static byte[] rgb(BufferedImage picture) {
        byte[] rgb = new byte[3 * picture.getWidth() * picture.getHeight()];
        int at = 0;
        for (int y = 0; y < picture.getHeight(); y++) {
            for (int x = 0; x < picture.getWidth(); x++) {
                int pixel = picture.getRGB(x, y);
                rgb[at++] = (byte) (pixel >> 16);
                rgb[at++] = (byte) (pixel >> 8);
                rgb[at++] = (byte) pixel;
            }
        }
        return rgb;
    }
}
