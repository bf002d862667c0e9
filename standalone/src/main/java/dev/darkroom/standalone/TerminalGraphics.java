// SPDX-FileCopyrightText: The Darkroom authors
// SPDX-License-Identifier: Apache-2.0
package dev.darkroom.standalone;

import java.awt.image.BufferedImage;

/** A way in which a terminal draws. Implementations are stateless. */
interface TerminalGraphics {
    /**
     * Returns what draws a picture with its upper left corner at the cursor, where {@code cells.rows()} rows are free. Where the cursor
     * is afterwards is the caller's to correct.
     *
     * @param cells to fill; the picture's proportions are theirs already
     */
    String draw(BufferedImage picture, Cells cells);

    /** Returns what a mode stands for; it must be one that is drawn. */
    static TerminalGraphics of(PreviewMode mode) {
        return switch (mode) {
            case KITTY -> new KittyGraphics();
            case SIXEL -> new SixelGraphics();
            case BLOCKS -> new HalfBlocks();
            case AUTO, FILE, OFF -> throw new IllegalArgumentException(mode + " is not drawn");
        };
    }

    /**
     * A size on the terminal, whose cells are taken to be twice as high as wide.
     *
     * @param columns at least 1
     * @param rows at least 1
     */
    record Cells(int columns, int rows) {
        private static final int MAX_COLUMNS = 78;

        /** Returns the largest size with a picture's proportions in that many rows, and a line that 80 columns hold. */
        static Cells fit(BufferedImage picture, int rows) {
            double columnsPerRow = 2.0 * picture.getWidth() / picture.getHeight();
            double fitting = Math.min(rows, MAX_COLUMNS / columnsPerRow);
            return new Cells(
                    Math.clamp(Math.round(fitting * columnsPerRow), 1, MAX_COLUMNS),
                    Math.clamp(Math.round(fitting), 1, rows));
        }
    }
}
