// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;

/** Pictures of one request side by side, in order, rows first. */
final class ContactSheet {

    private static final int GAP = 4; // pixels
    private static final int MIN_TILE = 128; // pixels: smaller pictures are enlarged by a whole factor
    private static final int MAX_TILE = 256; // pixels: larger pictures are shrunk
    private static final Color NOTHING = new Color(0xd0, 0xd0, 0xd0);
    private static final Color CROSS = new Color(0xa0, 0xa0, 0xa0);

    private ContactSheet() {}

    /** Lays out at least one picture, all in the size of the first. */
    static BufferedImage of(List<BufferedImage> pictures) {
        int columns = columns(pictures.size());
        int rows = Math.ceilDiv(pictures.size(), columns);
        BufferedImage first = pictures.getFirst();
        double scale = scale(Math.max(first.getWidth(), first.getHeight()));
        int tileWidth = Math.max(1, (int) Math.round(first.getWidth() * scale));
        int tileHeight = Math.max(1, (int) Math.round(first.getHeight() * scale));
        BufferedImage sheet = new BufferedImage(
                columns * (tileWidth + GAP) + GAP, rows * (tileHeight + GAP) + GAP, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = sheet.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
        for (int i = 0; i < pictures.size(); i++) {
            int x = GAP + i % columns * (tileWidth + GAP);
            int y = GAP + i / columns * (tileHeight + GAP);
            graphics.drawImage(Resampling.to(pictures.get(i), tileWidth, tileHeight), x, y, null);
        }
        graphics.dispose();
        return sheet;
    }

    /** Returns the pictures as they go onto a sheet; a crossed grey tile for one that was held back. */
    static List<BufferedImage> tiles(List<Picture> pictures) throws IOException {
        List<BufferedImage> tiles = new ArrayList<>();
        for (Picture picture : pictures) {
            tiles.add(
                    picture.isBlocked()
                            ? nothing(
                                    picture.image().getWidth(), picture.image().getHeight())
                            : ImageIO.read(new ByteArrayInputStream(picture.bytes())));
        }
        // The first one gives the size, and one that was held back may have been smaller than it was to become.
        tiles.stream()
                .max(Comparator.comparingInt(BufferedImage::getWidth))
                .filter(largest -> largest.getWidth() > tiles.getFirst().getWidth())
                .ifPresent(largest -> tiles.set(0, nothing(largest.getWidth(), largest.getHeight())));
        return tiles;
    }

    /** Returns a crossed grey tile of at least one pixel. */
    static BufferedImage nothing(int width, int height) {
        BufferedImage tile = new BufferedImage(Math.max(1, width), Math.max(1, height), BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = tile.createGraphics();
        graphics.setColor(NOTHING);
        graphics.fillRect(0, 0, tile.getWidth(), tile.getHeight());
        graphics.setColor(CROSS);
        graphics.setStroke(new BasicStroke(Math.max(1, tile.getWidth() / 32f)));
        graphics.drawLine(0, 0, tile.getWidth() - 1, tile.getHeight() - 1);
        graphics.drawLine(0, tile.getHeight() - 1, tile.getWidth() - 1, 0);
        graphics.dispose();
        return tile;
    }

    private static double scale(int side) {
        if (side > MAX_TILE) {
            return (double) MAX_TILE / side;
        }
        return Math.max(1, Math.ceilDiv(MIN_TILE, side));
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
