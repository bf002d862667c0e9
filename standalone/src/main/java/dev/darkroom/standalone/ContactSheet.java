// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Pictures of one request side by side, in order, rows first. */
final class ContactSheet {

    private static final int GAP = 4; // pixels
    private static final int MIN_TILE = 128; // pixels: smaller pictures are enlarged by a whole factor

    private ContactSheet() {}

    /** Lays out at least one picture, all of the size of the first. */
    static BufferedImage of(List<BufferedImage> pictures) {
        int columns = columns(pictures.size());
        int rows = Math.ceilDiv(pictures.size(), columns);
        BufferedImage first = pictures.getFirst();
        int scale = Math.max(1, Math.ceilDiv(MIN_TILE, Math.max(first.getWidth(), first.getHeight())));
        int tileWidth = first.getWidth() * scale;
        int tileHeight = first.getHeight() * scale;
        BufferedImage sheet = new BufferedImage(
                columns * (tileWidth + GAP) + GAP, rows * (tileHeight + GAP) + GAP, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = sheet.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
        graphics.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
        for (int i = 0; i < pictures.size(); i++) {
            int x = GAP + i % columns * (tileWidth + GAP);
            int y = GAP + i / columns * (tileHeight + GAP);
            graphics.drawImage(pictures.get(i), x, y, tileWidth, tileHeight, null);
        }
        graphics.dispose();
        return sheet;
    }

    /** From square to twice as wide as high, whichever leaves the fewest holes. */
    static int columns(int pictures) {
        int square = (int) Math.ceil(Math.sqrt(pictures));
        return IntStream.rangeClosed(square, Math.min(pictures, 2 * square))
                .boxed()
                .min(Comparator.comparingInt(columns -> columns * Math.ceilDiv(pictures, columns) - pictures))
                .orElseThrow();
    }
}
