// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import java.awt.image.BufferedImage;

/** Two pixels in a cell: the upper half block in one colour on another, both of 24 bits. */
final class HalfBlocks implements TerminalGraphics {
    @Override
    public String draw(BufferedImage picture, Cells cells) {
        return encode(Resampling.to(picture, cells.columns(), 2 * cells.rows()));
    }

    /** Returns the rows of a picture of an even height. */
    static String encode(BufferedImage picture) {
        StringBuilder out = new StringBuilder();
        for (int y = 0; y < picture.getHeight(); y += 2) {
            out.append(y > 0 ? "\r\n" : "");
            for (int x = 0; x < picture.getWidth(); x++) {
                out.append("\u001b[38;2;").append(rgb(picture.getRGB(x, y)));
                out.append(";48;2;").append(rgb(picture.getRGB(x, y + 1))).append("m▀");
            }
            out.append("\u001b[0m");
        }
        return out.toString();
    }

    private static String rgb(int pixel) {
        return (pixel >> 16 & 0xff) + ";" + (pixel >> 8 & 0xff) + ";" + (pixel & 0xff);
    }
}
